// What the stranger does, in the order of README.md.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { classifyInBrowser, hasBrowser } from './page.js';
import { mustSay } from './readme.js';
import { answerWizard } from './wizard.js';

const INSTALL = 'ONNXRUNTIME_NODE_INSTALL=skip npm install /path/to/vggtune-0.1.0.tgz';
const SERVE = 'python3 -m http.server --directory runs/.../model/web';
const TOOK_TOO_FEW = 0.5;

/** @throws Error where what a step should have given is not there */
function check(holds, what) {
  if (!holds) throw new Error(`the stranger: ${what}`);
}

/**
 * Someone who types what README.md says into a folder of an account.
 * @param account, folder where
 * @param step notes what is done
 * @param tarball the package at hand
 */
function typist({ account, folder, step, tarball }) {
  /** A command of the README, as one types it: the run and the file have names. */
  const typed = (words) =>
    words
      .replace(/^vggtune\b/, 'npx vggtune')
      .replace('/path/to/vggtune-0.1.0.tgz', tarball)
      .replaceAll(
        'runs/...',
        `runs/${existsSync(join(folder, 'runs')) ? readdirSync(join(folder, 'runs'))[0] : ''}`,
      );
  return {
    typed,
    /** Types a command; returns what it printed. */
    type(words, name = words) {
      mustSay(words);
      return step(name, async () => {
        const { stdout, stderr } = account.run(typed(words), folder);
        return stdout + stderr;
      });
    },
  };
}

/** The way from an empty folder to a page in the browser. */
export async function firstDay(world) {
  const { folder } = world;
  const { type } = typist(world);
  await type(INSTALL);
  const demo = await type('npx vggtune demo');
  check(/accuracy/.test(demo), `the demo says how good the network is:\n${demo}`);
  await type('vggtune advise photos');
  const trained = await type('vggtune train photos');
  check(/vggtune predict runs/.test(trained), `training says what comes next:\n${trained}`);
  check(/accuracy/.test(await type('vggtune evaluate runs/...')), 'evaluate says the accuracy');
  const named = await type('vggtune predict runs/... new/');
  check(/balls-0\.jpg +balls/.test(named), `a ball is a ball:\n${named}`);
  await type('vggtune export runs/... -f onnx -f pytorch');
  await type('npm install @tensorflow/tfjs@4 @tensorflow/tfjs-backend-wasm@4');
  await type('vggtune export runs/... -f web');
  await openPage(world);
  await askWizard(world);
  check(readdirSync(join(folder, 'runs')).length === 2, 'the wizard leaves a run of its own');
}

async function openPage(world) {
  const { account, folder, step } = world;
  mustSay(SERVE);
  if (!hasBrowser()) return console.log('NOT RUN: the page; Chromium is not on this machine');
  const { typed } = typist(world);
  const server = account.words(`exec ${typed(SERVE)}`, folder);
  const image = join(folder, 'new', 'balls-0.jpg');
  const found = await step('the page in Chromium', () => classifyInBrowser(server, image));
  const [best] = found.sort(([, a], [, b]) => b - a);
  check(best[0] === 'balls' && best[1] > TOOK_TOO_FEW, `the page says ${found}`);
}

async function askWizard({ account, folder, step }) {
  mustSay('vggtune');
  const screen = await step('vggtune', () => answerWizard(...account.words('npx vggtune', folder)));
  check(/The same without the wizard/.test(screen), `the wizard says its command:\n${screen}`);
}

/** Trains until there is a checkpoint, and is then asked to stop, as by Ctrl-C. */
const STOPPED = `node_modules/.bin/vggtune train photos --backbone vgg-nano --strategy scratch --epochs 20 --early-stop none --out runs/stopped & run=$!
until [ -e runs/stopped/checkpoints/last.safetensors ]; do sleep 0.1; kill -0 $run || exit 1; done
kill -TERM $run; wait $run; [ $? = 130 ]`;

/** A folder in which an older version was at work gets this one; both runs that are there are used further. */
export async function upgrade({ older, ...world }) {
  const { account, folder, step } = world;
  const before = typist({ ...world, tarball: older });
  await before.type(INSTALL, 'the older version');
  const train = 'npx vggtune train photos --backbone vgg-nano --strategy head --out runs/older';
  await step('the older: train', () => account.run(train, folder));
  await step('the older: train, stopped', () => account.run(STOPPED, folder));
  const { type } = typist(world);
  await type(INSTALL, 'the newer version over it');
  check(/accuracy/.test(await type('vggtune evaluate runs/...')), 'evaluate takes the run');
  check(/balls/.test(await type('vggtune predict runs/... new/')), 'predict takes the run');
  await type('vggtune export runs/... -f onnx -f pytorch');
  mustSay('train --resume');
  const resumed = await step('vggtune train --resume runs/stopped', () =>
    account.run('npx vggtune train --resume runs/stopped', folder),
  );
  check(/20\/20/.test(resumed.stderr), `the run is finished:\n${resumed.stderr}`);
  check(!/epoch +1\/20/.test(resumed.stderr), 'the run goes on where it was');
}

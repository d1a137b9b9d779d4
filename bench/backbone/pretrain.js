// Makes the weights of vgg-nano that the package carries, from nothing to the file, in two stages: the
// second starts from what the first learned and adds the pictures of three more artists.
//
//   npm install --no-save emoji-datasource-google@16.0.0 @lobehub/fluent-emoji-3d@1.1.0 \
//     @iconify-json/noto-v1@1.2.5 @iconify-json/fluent-emoji-flat@1.2.6 @iconify-json/fxemoji@1.2.2 \
//     @iconify-json/emojione@1.2.3
//   npm run build && node bench/backbone/pretrain.js [--work pretraining] [--out FILE]
//
// What is finished stays in the work folder: a run that was stopped goes on where it was.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ARTISTS } from './artists.js';

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: 'pretraining' },
    /** Folder whose node_modules holds the packages of emoji. */
    packages: { type: 'string', default: '.' },
    out: { type: 'string', default: 'presets/backbones/vgg-nano.safetensors' },
  },
});

/** The config of each, below presets/backbones, and the artists and pictures a class of its data. */
const STAGES = [
  { name: 'first', config: 'vgg-nano.yaml', artists: ARTISTS.slice(0, 3), emoji: 400 },
  { name: 'second', config: 'vgg-nano-second.yaml', artists: ARTISTS, emoji: 440 },
];

const PRETRAINED =
  '10 epochs on drawn patterns and the emoji of three artists, then 8 with three more; see vgg-nano.md';

const root = new URL('../../', import.meta.url).pathname;
const inRoot = (path) => join(root, path);

function run(script, args) {
  const { status, signal } = spawnSync(process.execPath, [inRoot(script), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? status}`);
}

/** Whole or not at all. */
function makeData({ artists, emoji }, folder) {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const from = ['--packages', resolve(options.packages), '--artists', artists.join(',')];
  run('bench/backbone/data.js', ['--out', partial, ...from, '--emoji', String(emoji)]);
  renameSync(partial, folder);
}

function train({ config }, { data, out, weights }) {
  if (existsSync(join(out, 'model'))) return;
  if (existsSync(join(out, 'config.yaml')))
    return run('bin/vggtune.js', ['train', '--resume', out]);
  const start = weights === undefined ? [] : ['--weights', weights];
  const settings = ['--config', inRoot(`presets/backbones/${config}`), ...start];
  run('bin/vggtune.js', ['train', data, ...settings, '--out', out]);
}

const work = resolve(options.work);
let weights;
for (const stage of STAGES) {
  const [data, out] = [join(work, `${stage.name}-data`), join(work, `${stage.name}-run`)];
  makeData(stage, data);
  train(stage, { data, out, weights });
  weights = join(work, `${stage.name}.safetensors`);
  run('bench/backbone/publish.js', ['--run', out, '--out', weights, '--pretrained', PRETRAINED]);
}
run('bench/backbone/publish.js', [
  ...['--run', join(work, 'second-run'), '--out', resolve(options.out)],
  ...['--pretrained', PRETRAINED],
]);

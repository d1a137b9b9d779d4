// Makes the weights of vgg-nano that the package carries, from nothing to the file.
//
//   npm install --no-save emoji-datasource-google@16.0.0 @lobehub/fluent-emoji-3d@1.1.0 \
//     @iconify-json/noto-v1@1.2.5 @iconify-json/fluent-emoji-flat@1.2.6 @iconify-json/fxemoji@1.2.2 \
//     @iconify-json/emojione@1.2.3 \
//     @iconify-json/{flat-color-icons,flat-ui}@1.2.3 @iconify-json/fluent-color@1.2.21 \
//     @iconify-json/{game-icons,icon-park}@1.2.4 \
//     @iconify-json/streamline-{color,cyber-color,flex-color,freehand-color,kameleon-color}@1.2.2 \
//     @iconify-json/streamline-emojis@1.2.4 \
//     @iconify-json/streamline-{plump-color,sharp-color,stickies-color,ultimate-color}@1.2.2
//   npm run build && node bench/backbone/pretrain.js [--work pretraining] [--out FILE]
//
// What is finished stays in the work folder: a run that was stopped goes on where it was.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: 'pretraining' },
    /** Folder whose node_modules holds the packages of emoji. */
    packages: { type: 'string', default: '.' },
    out: { type: 'string', default: 'presets/backbones/vgg-nano.safetensors' },
  },
});

/** How many pictures of each kind: see data.js. */
const PICTURES = { emoji: 440, icons: 4, drawn: 80 };

const PRETRAINED = '30 epochs on emoji of six artists, icons and drawn patterns; see vgg-nano.md';

const root = new URL('../../', import.meta.url).pathname;
const inRoot = (path) => join(root, path);

function run(script, args) {
  const { status, signal } = spawnSync(process.execPath, [inRoot(script), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? status}`);
}

/** Whole or not at all. */
function makeData(folder) {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const counts = Object.entries(PICTURES).flatMap(([kind, count]) => [`--${kind}`, `${count}`]);
  const from = ['--packages', resolve(options.packages)];
  run('bench/backbone/data.js', ['--out', partial, ...from, ...counts]);
  renameSync(partial, folder);
}

function train(data, out) {
  if (existsSync(join(out, 'model'))) return;
  if (existsSync(join(out, 'config.yaml')))
    return run('bin/vggtune.js', ['train', '--resume', out]);
  const config = inRoot('presets/backbones/vgg-nano.yaml');
  run('bin/vggtune.js', ['train', data, '--config', config, '--out', out]);
}

const work = resolve(options.work);
const [data, out] = [join(work, 'data'), join(work, 'run')];
makeData(data);
train(data, out);
const publish = ['--run', out, '--out', resolve(options.out), '--pretrained', PRETRAINED];
run('bench/backbone/publish.js', publish);

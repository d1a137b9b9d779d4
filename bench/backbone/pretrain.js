// Makes the weights of vgg-nano that the package carries, from nothing to the file, in three stages, each
// from what the one before it learned: the second adds the emoji of three more artists, the third icons.
//
//   npm install --no-save emoji-datasource-google@16.0.0 @lobehub/fluent-emoji-3d@1.1.0 \
//     @iconify-json/noto-v1@1.2.5 @iconify-json/fluent-emoji-flat@1.2.6 @iconify-json/fxemoji@1.2.2 \
//     @iconify-json/emojione@1.2.3 \
//     @iconify-json/{flat-color-icons,flat-ui}@1.2.3 @iconify-json/fluent-color@1.2.21 \
//     @iconify-json/{game-icons,icon-park}@1.2.4 \
//     @iconify-json/streamline-{color,cyber-color,flex-color,freehand-color,kameleon-color}@1.2.2 \
//     @iconify-json/streamline-{plump-color,sharp-color,stickies-color,ultimate-color}@1.2.2
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

/** The config of each, below presets/backbones, and what its data is made of (see data.js). */
const STAGES = [
  {
    name: 'first',
    config: 'vgg-nano.yaml',
    artists: ARTISTS.slice(0, 3),
    pictures: { emoji: 400 },
  },
  { name: 'second', config: 'vgg-nano-second.yaml', artists: ARTISTS, pictures: { emoji: 440 } },
  {
    name: 'third',
    config: 'vgg-nano-third.yaml',
    artists: ARTISTS,
    pictures: { emoji: 220, icons: 2, drawn: 80 },
  },
];

const PRETRAINED =
  '10 epochs on drawn patterns and the emoji of three artists, 8 with three more, 9 with icons; see vgg-nano.md';

const root = new URL('../../', import.meta.url).pathname;
const inRoot = (path) => join(root, path);

function run(script, args) {
  const { status, signal } = spawnSync(process.execPath, [inRoot(script), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? status}`);
}

/** Whole or not at all. */
function makeData({ artists, pictures }, folder) {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const from = ['--packages', resolve(options.packages), '--artists', artists.join(',')];
  const counts = Object.entries(pictures).flatMap(([kind, count]) => [`--${kind}`, `${count}`]);
  run('bench/backbone/data.js', ['--out', partial, ...from, ...counts]);
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
  ...['--run', join(work, 'third-run'), '--out', resolve(options.out)],
  ...['--pretrained', PRETRAINED],
]);

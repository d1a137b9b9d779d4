// Makes the weights of vgg-nano that the package carries, from nothing to the file.
//
//   npm install --no-save emoji-datasource-google@16.0.0 @lobehub/fluent-emoji-3d@1.1.0 \
//     @iconify-json/noto-v1@1.2.5 @iconify-json/fluent-emoji-flat@1.2.6 @iconify-json/fxemoji@1.2.2 \
//     @iconify-json/emojione@1.2.3 @iconify-json/fluent-emoji@1.2.7 \
//     @iconify-json/fluent-emoji-high-contrast@1.2.6 \
//     @iconify-json/{flat-color-icons,flat-ui}@1.2.3 @iconify-json/fluent-color@1.2.21 \
//     @iconify-json/{game-icons,icon-park}@1.2.4 \
//     @iconify-json/streamline-{color,cyber-color,flex-color,freehand-color,kameleon-color}@1.2.2 \
//     @iconify-json/streamline-emojis@1.2.4 \
//     @iconify-json/streamline-{plump-color,sharp-color,stickies-color,ultimate-color}@1.2.2 \
//     @iconify-json/ph@1.2.2 @iconify-json/mdi@1.2.3 @iconify-json/{solar,healthicons}@1.2.13 \
//     @iconify-json/mingcute@1.2.8 @iconify-json/tabler@1.2.41 @iconify-json/fa6-solid@1.2.4 \
//     @iconify-json/temaki@1.2.6 @iconify-json/medical-icon@1.2.0 @iconify-json/maki@1.2.5 \
//     @iconify-json/fontisto@1.2.1 @iconify-json/marketeq@1.2.2 @iconify-json/meteocons@1.2.4 \
//     @iconify-json/duo-icons@1.2.2 @iconify-json/pixelarticons@1.2.9
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
    /** Folder whose node_modules holds the packages. */
    packages: { type: 'string', default: '.' },
    out: { type: 'string', default: 'presets/backbones/vgg-nano.safetensors' },
  },
});

const PRETRAINED = '18 epochs on emoji of eight sets, icons and drawn patterns; see vgg-nano.md';

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
  const from = ['--packages', resolve(options.packages)];
  run('bench/backbone/data.js', ['--out', partial, ...from]);
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

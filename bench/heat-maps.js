// Our heat maps beside those of Captum's Grad-CAM, on the same weights and images.
//
//   npm run build && node bench/heat-maps.js RUN IMAGE... --python PYTHON
//
// RUN has a linear head (`linear`, `levels`). PYTHON has torch, torchvision, safetensors and captum. Prints the correlation
// of the two maps for each image, and the least of all.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const dist = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: 'string' } },
});
const [run = '', ...images] = positionals;

const { exportRun } = await dist('pipeline/export.js');
const { loadModel } = await dist('pipeline/prepare/trained-model.js');
const { denseForm } = await dist('network/dense-to-conv.js');
const { denseModel } = await dist('export/onnx-dense.js');
const { encodeOnnx } = await dist('formats/onnx-proto.js');
const { openOnnxRunner } = await dist('engines/onnx/session-file.js');
const { decodeImage } = await dist('dataset/decode.js');
const { OUTPUT } = await dist('network/head.js');
const { scoreGrid } = await dist('pipeline/heat/dense-views.js');

const home = await mkdtemp(join(tmpdir(), 'vggtune-heat-'));
try {
  const storage = { folder: join(home, 'cache') };
  const signal = new AbortController().signal;
  const exports = join(home, 'exports');
  await exportRun({ run, formats: ['pytorch'], out: exports, storage, signal, emit: () => {} });
  await writeFile(join(home, 'maps.json'), JSON.stringify(await ourMaps(resolve(run))));
  const script = fileURLToPath(new URL('heat_maps_peer.py', import.meta.url));
  const args = [script, exports, join(home, 'maps.json')];
  const { status } = spawnSync(options.python ?? 'python3', args, { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  await rm(home, { recursive: true, force: true });
}

/** Of each image: its pixels, the class with the highest score, and our map of that class. */
async function ourMaps(folder) {
  const model = await loadModel(folder);
  const { labels } = model.description;
  const form = denseForm(model.network, model.weights);
  const runner = await openOnnxRunner(encodeOnnx(denseModel(model.network, form)), {
    device: 'cpu',
  });
  const maps = [];
  for (const image of images) {
    const { size } = model.decode;
    const pixels = await decodeImage(image, model.decode);
    const outputs = await runner.run(pixels, [1, size, size, 3]);
    const scores = outputs.get('score_map');
    const probabilities = [...outputs.get('probabilities').data];
    const label = probabilities.indexOf(Math.max(...probabilities));
    const bias = form.weights.get(`${OUTPUT}.bias`)?.data[label] ?? 0;
    const { rows, columns, values } = scoreGrid(scores, { label, form, bias });
    maps.push({
      image,
      size,
      pixels: [...pixels],
      label: labels[label],
      rows,
      columns,
      values: [...values],
    });
  }
  await runner.release();
  return maps;
}

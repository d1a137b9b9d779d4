// The side of weights.py that uses what is built: reads a weights file and prints the logits of
// pixels, and the probabilities of image files, as JSON. Run by weights.py alone.
import { readFile } from 'node:fs/promises';
import { decodeImage } from '../../dist/dataset/decode.js';
import { openEngine } from '../../dist/engines/index.js';
import { buildNetwork } from '../../dist/network/build.js';
import { TORCHVISION_PREPROCESSING } from '../../dist/network/preprocessing.js';
import { loadWeights } from '../../dist/weights/load.js';

const { backbone, weights: source, pixels, images, channels } = JSON.parse(process.argv[2]);
const head = { kind: 'vgg', dropout: 0.5, hidden: 1 };
const build = (preprocessing) => buildNetwork({ backbone, head, classes: 1000, preprocessing });

const started = performance.now();
const network = build(TORCHVISION_PREPROCESSING);
const loaded = await loadWeights({ network, source, seed: 0, keepHead: true, channels });
const seconds = (performance.now() - started) / 1000;

const engine = await openEngine('onnx', 'cpu');
const run = async (rows, softmax) => {
  const { layers } = network;
  const request = {
    network: build(loaded.preprocessing),
    from: 0,
    to: layers.length,
    batchSize: 1,
  };
  const program = await engine.compileForward({ ...request, weights: loaded.weights, softmax });
  const out = [];
  for (const row of rows) out.push([...(await program.run(row, 1))]);
  await program.release();
  return out;
};

const { size, resize } = loaded.preprocessing;
const decoded = [];
for (const path of images) {
  decoded.push(await decodeImage(path, { size, resize, background: '#ffffff' }));
}
const [logits] = await run([new Uint8Array(await readFile(pixels))], false);
const probabilities = decoded.length > 0 ? await run(decoded, true) : [];
const { family, format } = loaded.provenance;
console.log(JSON.stringify({ logits, probabilities, seconds, family, format }));

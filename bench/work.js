// One row's work in a process of its own, so that its peak of memory is its own.
// A line on stdin is one round; the answer is a line of JSON.
import { createInterface } from 'node:readline';
import { openEngine } from '../dist/engines/index.js';
import { networkCost } from '../dist/network/cost.js';
import { isStatistic, parameterShapes } from '../dist/network/parameters.js';
import { randomWeights } from '../dist/weights/initialise.js';
import { CLASSES, rowNetwork } from './network.js';

const row = JSON.parse(process.argv[2] ?? '{}');

const { network, from, to } = rowNetwork(row);
const product = (shape) => shape.reduce((size, length) => size * length, 1);

/** Pixels, or activations as a ReLU leaves them. */
function makeRows() {
  if (from === 0) {
    const pixels = new Uint8Array(row.batch * row.size * row.size * 3);
    return pixels.map((_, i) => Math.imul(i, 2654435761) >>> 24);
  }
  const features = new Float32Array(row.batch * product(network.shapes[from - 1]));
  return features.map((_, i) => Math.max(0, Math.sin(i * 7.1)));
}

/** Floating-point operations an image of a forward pass, or of a whole step. */
function work(kind) {
  const macs = networkCost(network).map((cost) => cost.macs);
  if (kind === 'forward') {
    return macs.slice(0, network.headStart).reduce((sum, count) => sum + 2 * count, 0);
  }
  const trained = macs.slice(from).filter((count) => count > 0);
  // Forward, kernel gradient and input gradient; of the first layer nobody asks the last.
  return trained.reduce((sum, count, index) => sum + 2 * count * (index === 0 ? 2 : 3), 0);
}

async function forwardRound(engine) {
  const weights = randomWeights(network, 1);
  const layerRange = { network, from, to, weights, batchSize: row.batch };
  const program = await engine.compileForward(layerRange);
  const rows = makeRows();
  return () => program.run(rows, row.batch);
}

async function stepRound(engine) {
  const trained = [...parameterShapes(network).keys()].filter(
    (name) => !isStatistic(name) && layerIndex(name) >= from,
  );
  const program = await engine.compileTraining({
    network,
    from,
    weights: randomWeights(network, 1),
    groups: [{ name: 'all', parameters: trained, weightDecay: 0 }],
    optimizer: { kind: 'sgd', momentum: 0.9, nesterov: false },
    loss: { labelSmoothing: 0 },
    batchSize: row.batch,
  });
  const batch = {
    rows: makeRows(),
    count: row.batch,
    targets: Float32Array.from({ length: row.batch * CLASSES }, (_, i) =>
      Number(i % CLASSES === Math.floor(i / CLASSES) % CLASSES),
    ),
    weights: new Float32Array(row.batch).fill(1 / row.batch),
    dropout: new Map(
      network.layers.flatMap((layer, index) => {
        if (layer.kind !== 'dropout' || index < from) return [];
        const mask = new Float32Array(row.batch * product(network.shapes[index]));
        return [[layer.name, mask.map((_, i) => (i % 2) * 2)]];
      }),
    ),
  };
  return () => program.step(batch, [1e-4]);
}

function layerIndex(parameter) {
  const layer = parameter.slice(0, parameter.lastIndexOf('.'));
  return network.layers.findIndex(({ name }) => name === layer);
}

const reply = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const engine = await openEngine('onnx', 'cpu');
const round = await (row.kind === 'forward' ? forwardRound(engine) : stepRound(engine));
reply({ work: work(row.kind) });
for await (const _line of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await round();
  const seconds = (performance.now() - start) / 1000 / row.batch;
  reply({ seconds, peak: process.resourceUsage().maxRSS * 1024 });
}
process.exit();

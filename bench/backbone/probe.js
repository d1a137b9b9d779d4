// What a linear classifier makes of the frozen features of some weights: minutes less than training
// heads, and near to it. Good for choosing between weights.
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import sharp from 'sharp';
import { Settings } from '../../dist/config/settings.js';
import { decodeBatches } from '../../dist/dataset/batches.js';
import { decodeSpec } from '../../dist/pipeline/prepare/samples.js';
import { startingPoint } from '../../dist/pipeline/prepare/start-weights.js';
import { classify } from './ridge.js';
import { trialOf } from './transfer-data.js';

/** The weights are files, or random ones: nothing is fetched. */
const NOWHERE = '';
const BATCH = 64;
const DEPTHS = ['pool4', 'pool5'];
const { signal } = new AbortController();
const emit = () => {};

/** The network of some weights, with a head for 2 classes, as the product loads it. */
export function startOf(weights, seed = 0) {
  const values = { data: '.', backbone: 'vgg-nano', weights, seed };
  const strategy = weights === 'random' ? 'scratch' : 'head';
  const config = Settings.of({ origin: 'bench', values }).for(strategy);
  return startingPoint(config, 2, { offline: true, storage: { folder: NOWHERE }, signal, emit });
}

/** Of the backbone's numbers: files are written anew, and their names stay. */
export function fingerprint({ weights }) {
  const hash = createHash('sha256');
  for (const [name, { data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!/^fc/.test(name)) hash.update(name).update(data);
  }
  return hash.digest('hex').slice(0, 16);
}

/** @returns {Promise<Map<string, Map<string, Float32Array>>>} channel means, by depth and file */
export async function featuresOf(pool, { network, weights }, engine) {
  const files = [...pool.classes.values()].flat();
  const taps = DEPTHS.map((name) => network.layers.findIndex((layer) => layer.name === name) + 1);
  const options = { network, weights, from: 0, to: Math.max(...taps), batchSize: BATCH, taps };
  const program = await engine.compileForward(options);
  const features = new Map(DEPTHS.map((name) => [name, new Map()]));
  const images = files.map((file) => ({ path: relative(pool.root, file), hash: '' }));
  const spec = decodeSpec(network, '#ffffff');
  try {
    for await (const batch of decodeBatches({ root: pool.root, images, spec, batchSize: BATCH })) {
      const outputs = await program.runTaps(batch.pixels, batch.indices.length);
      for (const [row, index] of batch.indices.entries()) {
        for (const [at, depth] of DEPTHS.entries()) {
          const shape = network.shapes[taps[at] - 1];
          features.get(depth).set(files[index], channelMeans(outputs[at], row, shape));
        }
      }
    }
  } finally {
    await program.release();
  }
  return features;
}

function channelMeans(activations, row, [channels, height, width]) {
  const area = height * width;
  return Float32Array.from({ length: channels }, (_, channel) => {
    const start = (row * channels + channel) * area;
    return activations.subarray(start, start + area).reduce((sum, value) => sum + value, 0) / area;
  });
}

/** @returns {Promise<Map<string, Float32Array>>} raw pixels, [16 * 16 * 3], by file */
export async function pixelsOf(pool) {
  const rows = new Map();
  for (const file of [...pool.classes.values()].flat()) {
    const small = sharp(file).flatten({ background: '#ffffff' }).resize(16, 16, { fit: 'fill' });
    const { data } = await small.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
    rows.set(
      file,
      Float32Array.from(data, (value) => value / 255),
    );
  }
  return rows;
}

/** The share of the test pictures of a trial that a linear classifier names right. */
export function linearAccuracy(rows, { train, test, labels }, options = {}) {
  const row = ({ file }) => rows.get(file);
  const label = (picture) => labels.indexOf(picture.label);
  const named = classify(train.map(row), train.map(label), test.map(row), {
    classes: labels.length,
    ...options,
  });
  return test.filter((picture, index) => named[index] === label(picture)).length / test.length;
}

/** @returns accuracies by depth, one a seed */
export async function probe(pool, start, { engine, seeds, perClass }) {
  const features = await featuresOf(pool, start, engine);
  const trials = seeds.map((seed) => trialOf(pool, { seed, perClass }));
  return new Map(
    DEPTHS.map((depth) => [
      depth,
      trials.map((trial) => linearAccuracy(features.get(depth), trial)),
    ]),
  );
}

/** The same on raw pixels; one accuracy a seed. */
export async function pixelProbe(pool, { seeds, perClass }) {
  const rows = await pixelsOf(pool);
  return seeds.map((seed) => linearAccuracy(rows, trialOf(pool, { seed, perClass })));
}

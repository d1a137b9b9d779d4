// The ways to learn from few pictures that are compared, as settings of the product's own pipeline.
import { createHash } from 'node:crypto';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Settings } from '../../dist/config/settings.js';
import { writeSafetensors } from '../../dist/formats/safetensors.js';
import { train } from '../../dist/pipeline/train.js';
import { linearAccuracy, pixelsOf, startOf } from './probe.js';
import { trialOf, writeTrial } from './transfer-data.js';

/** All pictures are trained on, for a fixed number of epochs; pools hold no near-duplicates. */
const COMMON = {
  backbone: 'vgg-nano',
  split: { val: 0, test: 0, nearDuplicates: 'ignore' },
  earlyStop: null,
  export: [],
};

/** Epochs with which a run sees so many pictures, within limits. */
const epochsFor = (images, passes, [least, most]) =>
  Math.max(least, Math.min(most, Math.round(passes / images)));

/**
 * The four strategies on a number of training pictures, with the product's own settings for vgg-nano,
 * but for the epochs: few pictures take more of them, many fewer.
 */
export const STRATEGIES = {
  head: () => ({ strategy: 'head' }),
  all: (images) => ({ strategy: 'all', epochs: epochsFor(images, 4000, [20, 60]) }),
  top: (images) => ({ strategy: 'top', epochs: epochsFor(images, 4000, [20, 60]) }),
  scratch: (images) => ({ strategy: 'scratch', epochs: epochsFor(images, 8000, [40, 120]) }),
};

/** Random features take more and larger steps: with the settings of `head` they end lower. */
const RANDOM_HEAD = () => ({
  strategy: 'head',
  epochs: 300,
  optimizer: { kind: 'adam', learningRate: 0.01, weightDecay: 0 },
});

/** What `head` is compared with. */
export const COMPARED = {
  head: { title: 'head', values: STRATEGIES.head },
  random: { title: 'head, random backbone', values: RANDOM_HEAD, random: true },
  scratch: { title: 'scratch', values: STRATEGIES.scratch },
  pixels: { title: 'raw 16 x 16 pixels', linear: true },
};

const { signal } = new AbortController();
const emit = () => {};

const layered = (values) =>
  Settings.of({ origin: 'bench', values: COMMON }, { origin: 'method', values });

/** All settings, those of the product's presets too: what was measured with others does not count. */
function settingsOf(values) {
  const config = layered({
    ...values,
    data: '.',
    out: '.',
    ...(values.strategy !== 'scratch' && { weights: 'auto' }),
  }).for(values.strategy);
  const { data: _, out: __, ...rest } = config;
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 16);
}

/** Trains one way on one choice of pictures. @returns { accuracy, images, seconds } */
export async function runOnce({ pool, trial, seed, values, weights }, { home, engine }) {
  const folder = join(home, 'trial');
  const out = join(home, 'run');
  await rm(out, { recursive: true, force: true });
  await writeTrial(pool, trial, folder);
  const started = performance.now();
  const start = values.strategy === 'scratch' ? 'random' : weights;
  const settings = layered({ ...values, data: folder, out, seed, weights: start });
  const { metrics } = await train({
    settings,
    storage: { folder: join(home, 'cache') },
    signal,
    emit,
    engine,
  });
  const seconds = (performance.now() - started) / 1000;
  await rm(out, { recursive: true, force: true });
  return { accuracy: metrics.metrics.accuracy, images: metrics.images, seconds };
}

/** A backbone of random weights as a file: the product refuses to freeze layers that it drew. */
export async function randomBackbone(home, seed) {
  const path = join(home, `random-${seed}.safetensors`);
  const { network, weights } = await startOf('random', seed);
  const kept = new Map([...weights].filter(([name]) => !name.startsWith('fc')));
  const preprocessing = JSON.stringify(network.preprocessing);
  await writeSafetensors(path, kept, { backbone: 'vgg-nano', preprocessing });
  return path;
}

/** Runs that are known by what they depend on: what is finished is not done again. */
export async function openResults(context) {
  const path = join(context.home, 'results.ndjson');
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  const known = new Map(lines.map((line) => JSON.parse(line)).map(({ key, run }) => [key, run]));
  return async (of, make) => {
    const key = JSON.stringify(of);
    if (!known.has(key)) {
      const run = await make();
      known.set(key, run);
      await appendFile(path, `${JSON.stringify({ key, run })}\n`);
      const figure = (100 * run.accuracy).toFixed(1);
      console.error(`${of.set} ${of.perClass} ${of.name} seed ${of.seed}: ${figure} %`);
    }
    return known.get(key);
  };
}

/** Measures a method on a choice of pictures. @returns { accuracy, images, seconds } */
export async function measure(method, { pool, choice, weights, print }, context) {
  const trial = trialOf(pool, choice);
  if (method.linear) {
    const accuracy = linearAccuracy(await pixelsOf(pool), trial);
    return context.result({ set: pool.name, ...choice, name: 'pixels' }, () => ({ accuracy }));
  }
  const values = method.values(trial.train.length);
  const usesWeights = values.strategy !== 'scratch' && !method.random;
  const start = usesWeights ? { weights: print } : { random: true };
  const name = method.random ? 'random' : values.strategy;
  const of = { set: pool.name, ...choice, name, settings: settingsOf(values), ...start };
  return context.result(of, async () => {
    const from = method.random ? await randomBackbone(context.home, choice.seed) : weights;
    return runOnce({ pool, trial, seed: choice.seed, values, weights: from }, context);
  });
}

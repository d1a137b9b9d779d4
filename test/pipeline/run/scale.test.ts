import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../../src/base/rng.ts';
import type { NamedTensors } from '../../../src/base/tensor.ts';
import type { RunConfig, StrategyName } from '../../../src/config/schema.ts';
import { scanDataset } from '../../../src/dataset/scan.ts';
import { splitDataset } from '../../../src/dataset/split.ts';
import type { DatasetIndex } from '../../../src/dataset/types.ts';
import type { Engine } from '../../../src/engines/engine.ts';
import { buildFromRow } from '../../../src/network/build.ts';
import { HEADS, type HeadName } from '../../../src/network/catalog.ts';
import { layerParameters } from '../../../src/network/parameters.ts';
import { plainPreprocessing } from '../../../src/network/preprocessing.ts';
import type { NetworkSpec } from '../../../src/network/spec.ts';
import { inOwnUnits, solvedWeights, trainingJob } from '../../../src/pipeline/run/training-job.ts';
import { prepareStart } from '../../../src/pipeline/run/training-start.ts';
import { runTraining } from '../../../src/training/loop.ts';
import { planTraining } from '../../../src/training/train-plan.ts';
import { randomWeights } from '../../../src/weights/initialise.ts';
import { onnxEngine } from '../../engines/engines.ts';
import { testStorage } from '../../storage.ts';
import { testConfig } from '../../training/config.ts';
import { memoryCheckpoints } from '../../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

/**
 * Dividing the first kernel and all biases of a ReLU network by a constant divides every activation by it and
 * changes nothing else. Published families differ in just this way, so nothing may depend on it.
 */
const CONSTANTS = [0.01, 100];

let home: string;
let index: DatasetIndex;
let engine: Engine;
beforeAll(async () => {
  home = await temporaryFolder();
  index = await scanDataset(await pictureFolder(4, join(home, 'pictures')));
  engine = await onnxEngine();
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Three blocks on 16 x 16 pixels without batch norm. */
function network(head: HeadName): NetworkSpec {
  const row = {
    name: 'tiny',
    convolutions: [1, 1, 1],
    widths: [4, 6, 8],
    batchNorm: false,
    size: 16,
    headMap: 2,
    denseWidth: undefined,
  };
  return buildFromRow(row, {
    head: { kind: head, dropout: 0.1, hidden: 8 },
    classes: 3,
    preprocessing: plainPreprocessing(16),
  });
}

/** Weights as they might be after some training: biases are not zero. */
function pretrained(net: NetworkSpec, constant: number): NamedTensors {
  const rng = createRng('scale-test');
  const first = net.layers.find(({ kind }) => kind === 'conv')?.name;
  const headLayers = net.layers.slice(net.headStart).map(({ name }) => name);
  const entries = [...randomWeights(net, 1)].map(([name, { shape, data }]) => {
    const [layer = '', kind] = name.split('.');
    // A new head has biases of zero.
    if (headLayers.includes(layer)) return [name, { shape, data }] as const;
    const drawn = kind === 'bias' ? data.map(() => 0.3 * rng.normal()) : data;
    const scaled = kind === 'bias' || layer === first;
    return [name, { shape, data: scaled ? drawn.map((x) => x / constant) : drawn }] as const;
  });
  return new Map(entries);
}

interface Case {
  /** From scratch there is no scale: what a file holds is not read. */
  readonly strategy: Exclude<StrategyName, 'scratch'>;
  readonly head: HeadName;
  readonly optimizer: RunConfig['optimizer']['kind'];
}

/** The probabilities that a run comes to on its validation images. */
async function outcome({ strategy, head, optimizer }: Case, constant: number, seed = 0) {
  const net = network(head);
  const base = testConfig();
  const config = testConfig({
    head: { ...base.head, kind: head, fit: 'solve' },
    weights: 'a-file',
    optimizer: {
      ...base.optimizer,
      kind: optimizer,
      learningRate: optimizer === 'sgd' ? 0.01 : 0.002,
      weightDecay: 0.01,
    },
    epochs: 2,
    warmupEpochs: 1,
    cache: false,
    seed,
  });
  const weights = pretrained(net, constant);
  const withParameters = net.layers
    .slice(net.headStart)
    .filter((layer) => layerParameters(layer).length > 0);
  const newLayers = new Set(withParameters.map(({ name }) => name));
  const plan = planTraining({ strategy, config, network: net, newLayers, refit: true });
  const split = splitDataset(index, config.split);
  const { signal } = new AbortController();
  const setting = {
    engine,
    network: net,
    weights,
    config,
    split,
    storage: testStorage(),
    signal,
    emit: () => {},
    root: index.root,
  };
  const start = await prepareStart({
    setting,
    plan,
    groups: [],
    pretrained: true,
    newNorm: head === 'levels',
    refit: true,
  });
  const kept = { checkpoints: memoryCheckpoints(), resume: undefined };
  const prepared = { setting, plan, start };
  const { weights: trained } =
    plan.phases.length === 0
      ? solvedWeights(start)
      : await runTraining(trainingJob(prepared, kept));
  const own = inOwnUnits(trained, prepared);
  const to = net.layers.length;
  const program = await engine.compileForward({
    network: net,
    weights: own,
    from: 0,
    to,
    batchSize: 6,
    softmax: true,
  });
  const pixels = Uint8Array.from({ length: 6 * 16 * 16 * 3 }, (_, i) => (i * 31 + (i >> 4)) % 256);
  const probabilities = (await program.run(pixels, 6)).slice();
  await program.release();
  return { probabilities, weights: own, start: weights };
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? 0))));

describe.each(['head', 'top', 'all'] as const)('%s', (strategy) => {
  it.each(HEADS)(
    'with the head %s ends the same whatever the scale of the weights',
    async (head) => {
      const optimizers = strategy === 'all' ? (['sgd', 'adamw'] as const) : (['adamw'] as const);
      for (const optimizer of optimizers) {
        const one = { strategy, head, optimizer };
        const plain = await outcome(one, 1);
        for (const constant of CONSTANTS) {
          const scaled = await outcome(one, constant);
          expect(distance(scaled.probabilities, plain.probabilities)).toBeLessThan(0.01);
        }
      }
    },
  );
});

it('frozen layers are given back as they came, bit for bit', async () => {
  const { weights, start } = await outcome({ strategy: 'top', head: 'mlp', optimizer: 'adamw' }, 3);
  for (const name of ['conv1_1.weight', 'conv1_1.bias', 'conv2_1.weight', 'conv2_1.bias']) {
    expect(weights.get(name)?.data).toEqual(start.get(name)?.data);
  }
  expect(weights.get('conv3_1.weight')?.data).not.toEqual(start.get('conv3_1.weight')?.data);
});

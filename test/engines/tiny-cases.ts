import { createRng } from '../../src/base/rng.ts';
import type { NamedTensors } from '../../src/base/tensor.ts';
import { sizeOf } from '../../src/base/tensor.ts';
import { STRATEGIES, type StrategyName } from '../../src/config/schema.ts';
import type {
  Engine,
  OptimizerSpec,
  TrainingBatch,
  TrainingProgram,
  TrainingRequest,
  TrainingState,
} from '../../src/engines/engine.ts';
import { rowShape } from '../../src/engines/rows.ts';
import { buildFromRow } from '../../src/network/build.ts';
import { HEADS, type HeadName } from '../../src/network/catalog.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import { planTraining } from '../../src/training/train-plan.ts';
import { randomWeights } from '../../src/weights/initialise.ts';
import { testConfig } from '../training/config.ts';

const OPTIMIZERS = {
  sgd: { kind: 'sgd', momentum: 0.9, nesterov: false },
  nesterov: { kind: 'sgd', momentum: 0.9, nesterov: true },
  adam: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  adamw: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
} as const satisfies Record<string, OptimizerSpec>;

export interface Case {
  readonly strategy: StrategyName;
  readonly head: HeadName;
  readonly optimizer: keyof typeof OPTIMIZERS;
  readonly batchNorm: boolean;
}

/** Every strategy with each head, optimizer, and with and without batch norm. */
export const ALL_CASES: readonly Case[] = STRATEGIES.flatMap((strategy) =>
  HEADS.flatMap((head) =>
    (Object.keys(OPTIMIZERS) as Case['optimizer'][]).flatMap((optimizer) =>
      [false, true].map((batchNorm) => ({ strategy, head, optimizer, batchNorm })),
    ),
  ),
);

/** Of those, a few in which every pair of values meets at least once. */
export const PAIRWISE_CASES = pairwise(ALL_CASES);

function pairwise(cases: readonly Case[]): Case[] {
  const pairsOf = (one: Case) => {
    const values = Object.entries(one).map((entry) => entry.join(' '));
    return values.flatMap((a, i) => values.slice(i + 1).map((b) => `${a}, ${b}`));
  };
  const open = new Set(cases.flatMap(pairsOf));
  const chosen: Case[] = [];
  while (open.size > 0) {
    const gains = cases.map((one) => pairsOf(one).filter((pair) => open.has(pair)).length);
    const best = cases[gains.indexOf(Math.max(...gains))];
    if (best === undefined) break;
    chosen.push(best);
    for (const pair of pairsOf(best)) open.delete(pair);
  }
  return chosen;
}

export const BATCH = 4;
export const STEPS = 20;
const CLASSES = 3;

/** Two blocks on 12 x 12 pixels, which leave a map of 3 x 3. */
export function tinyNetwork({ head, batchNorm }: Pick<Case, 'head' | 'batchNorm'>): NetworkSpec {
  return buildFromRow(
    {
      name: 'tiny',
      convolutions: [1, 2],
      widths: [3, 5],
      batchNorm,
      size: 12,
      // From 3 to 2 the windows of the adaptive average overlap.
      headMap: 2,
      denseWidth: undefined,
    },
    {
      head: { kind: head, dropout: 0.3, hidden: 8 },
      classes: CLASSES,
      preprocessing: {
        channels: 'bgr',
        scale: 1 / 255,
        mean: [0.4, 0.5, 0.45],
        std: [0.25, 0.2, 0.3],
        size: 12,
        resize: 12,
      },
    },
  );
}

export interface Prepared {
  readonly network: NetworkSpec;
  readonly request: TrainingRequest;
  /** Learning rates of each step, by group. */
  readonly rates: readonly (readonly number[])[];
}

/** The request of a strategy's main phase, with everything that a loss and a step can have. */
export function prepare(one: Case): Prepared {
  const network = tinyNetwork(one);
  // What `levels` reads is not there behind the last pool.
  const head = network.layers.slice(network.headStart).filter(({ kind }) => kind !== 'levels');
  const newLayers = new Set(head.map(({ name }) => name));
  const config = testConfig();
  const { phases } = planTraining({ strategy: one.strategy, config, network, newLayers });
  const main = phases.at(-1);
  if (main === undefined) throw new Error('a plan has a phase');
  const groups = main.groups.map((group, index) => ({ ...group, weightDecay: 0.01 * index }));
  const spec: OptimizerSpec = OPTIMIZERS[one.optimizer];
  const rate = spec.kind === 'sgd' ? 0.02 : 0.003;
  return {
    network,
    request: {
      network,
      from: main.from,
      weights: startingWeights(network),
      groups,
      optimizer: one.batchNorm && spec.kind !== 'sgd' ? { ...spec, epsilon: ROUGH } : spec,
      loss: { labelSmoothing: 0.1, classWeights: Float32Array.of(0.8, 1, 1.3) },
      clipNorm: 1,
      batchSize: BATCH,
      // Batch norm in training mode sees the rows of one pass.
      ...(!one.batchNorm && { microBatch: 3 }),
    },
    rates: Array.from({ length: STEPS }, (_, step) =>
      groups.map((_group, index) => (rate * (1 + index)) / (1 + step / 10)),
    ),
  };
}

/**
 * The bias of a convolution before a batch norm has no gradient but rounding errors, which Adam
 * with its usual epsilon would scale up to full steps in a random direction.
 */
const ROUGH = 1e-3;

/** Random, and with statistics and biases that are not 0 and 1. */
export function startingWeights(network: NetworkSpec): NamedTensors {
  const rng = createRng('tiny');
  const weights = new Map(randomWeights(network, 7));
  for (const [name, { shape, data }] of weights) {
    const scale = name.startsWith('fc8') ? 0.5 : 0.1;
    const moved = data.map((value) => value + scale * rng.uniform());
    weights.set(name, { shape, data: moved });
  }
  return weights;
}

/** Batches of pixels; the last of each round is smaller. */
export function pixelBatches(network: NetworkSpec): TrainingBatch[] {
  const rng = createRng('tiny batches');
  const draw = (length: number, make: () => number) => Float32Array.from({ length }, make);
  return [BATCH, BATCH, 3].map((count) => {
    const rows = Uint8Array.from({ length: count * sizeOf(rowShape(network, 0)) }, () =>
      rng.integer(256),
    );
    const targets = new Float32Array(count * CLASSES);
    for (let row = 0; row < count; row++) {
      const soft = row % 2 === 0 ? 1 : 0.7;
      targets[row * CLASSES + (row % CLASSES)] = soft;
      targets[row * CLASSES + ((row + 1) % CLASSES)] = 1 - soft;
    }
    const dropout = new Map(
      network.layers.flatMap((layer, index): [string, Float32Array][] => {
        if (layer.kind !== 'dropout') return [];
        const kept = 1 / (1 - layer.rate);
        const length = count * sizeOf(network.shapes[index] ?? []);
        return [[layer.name, draw(length, () => (rng.uniform() < layer.rate ? 0 : kept))]];
      }),
    );
    return {
      rows,
      count,
      targets,
      weights: draw(count, () => (0.5 + rng.uniform()) / count),
      dropout,
    };
  });
}

/** The same batches at a boundary, by an engine's own frozen prefix. */
export async function batchesAt(
  engine: Engine,
  { network, from, weights }: TrainingRequest,
): Promise<TrainingBatch[]> {
  const batches = pixelBatches(network);
  if (from === 0) return batches;
  const prefix = await engine.compileForward({
    network,
    from: 0,
    to: from,
    weights,
    batchSize: BATCH,
  });
  const features: TrainingBatch[] = [];
  for (const batch of batches) {
    const rows = (await prefix.run(batch.rows, batch.count)).slice();
    features.push({ ...batch, rows });
  }
  await prefix.release();
  return features;
}

export interface Outcome {
  readonly losses: readonly number[];
  readonly state: TrainingState;
  /** Of the first batch, after the last step. */
  readonly predictions: Float32Array;
}

/** Steps [from, to) of a case; the batches come in turn. */
export async function runSteps(
  program: TrainingProgram,
  { batches, rates }: { batches: readonly TrainingBatch[]; rates: Prepared['rates'] },
  [from, to]: readonly [number, number] = [0, STEPS],
): Promise<Outcome> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const batch = batches[step % batches.length];
    if (batch === undefined) throw new Error('no batches');
    losses.push((await program.step(batch, rates[step] ?? [])).loss);
  }
  const [first] = batches;
  if (first === undefined) throw new Error('no batches');
  const predictions = (await program.predict(first.rows, first.count)).slice();
  return { losses, state: await program.state(), predictions };
}

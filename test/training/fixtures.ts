import { createRng } from '../../src/base/rng.ts';
import { type NamedTensors, sizeOf, type Tensor } from '../../src/base/tensor.ts';
import type { RunConfig, StrategyName } from '../../src/config/schema.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { buildFromRow } from '../../src/network/build.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import type { Checkpoint, CheckpointStore } from '../../src/training/checkpoint.ts';
import type { TrainingJob } from '../../src/training/job.ts';
import type { RowSource } from '../../src/training/sample-source.ts';
import { piecesOf } from '../../src/training/sample-source.ts';
import { planTraining } from '../../src/training/train-plan.ts';
import { randomWeights } from '../../src/weights/initialise.ts';
import { testConfig } from './config.ts';

/** A VGG of two blocks on 8 x 8 pixels: every kind of layer, milliseconds a step. */
export function tinyNetwork(batchNorm = true): NetworkSpec {
  const row = {
    name: 'tiny',
    convolutions: [1, 1],
    widths: [4, 6],
    batchNorm,
    size: 8,
    headMap: 2,
    denseWidth: undefined,
  };
  return buildFromRow(row, {
    head: { kind: 'mlp', dropout: 0.4, hidden: 8 },
    classes: 3,
    preprocessing: plainPreprocessing(8),
  });
}

/** Pictures whose class can be seen: the class's channel is bright. */
export function tinyImages(count: number, seed: number) {
  const rng = createRng('tiny-images', seed);
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  const pixels = labels.map((label) =>
    Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => rng.integer(150) + (i % 3 === label ? 80 : 0)),
  );
  return { labels, pixels };
}

/** The pixels run through layers [0, from) by the engine, or as they are. */
export async function tinySource(
  setting: { engine: Engine; network: NetworkSpec; weights: NamedTensors; from: number },
  images: ReturnType<typeof tinyImages>,
): Promise<RowSource> {
  const { engine, network, weights, from } = setting;
  const rows: (Uint8Array | Float32Array)[] = [...images.pixels];
  if (from > 0) {
    const request = { network, weights, from: 0, to: from, batchSize: 1 };
    const program = await engine.compileForward(request);
    for (const [i, row] of images.pixels.entries()) rows[i] = (await program.run(row, 1)).slice();
    await program.release();
  }
  return rowSource(images.labels, rows);
}

export function rowSource(
  labels: readonly number[],
  rows: readonly (Uint8Array | Float32Array)[],
): RowSource {
  return {
    labels,
    async *batches(order, { batchSize }) {
      for (const positions of piecesOf(order, batchSize)) {
        const some = positions.map((at) => rows[at] as Uint8Array | Float32Array);
        const Row = some[0] instanceof Uint8Array ? Uint8Array : Float32Array;
        const length = some[0]?.length ?? 0;
        const joined = new Row(length * some.length);
        for (const [i, row] of some.entries()) joined.set(row, i * length);
        yield { rows: joined, positions };
      }
    },
  };
}

/** Checkpoints in memory, through JSON as on disk. */
export function memoryCheckpoints(): CheckpointStore & { last: () => Checkpoint | undefined } {
  let last: Checkpoint | undefined;
  let best: NamedTensors | undefined;
  return {
    async saveLast({ progress, state }) {
      last = { progress: JSON.parse(JSON.stringify(progress)), state };
    },
    async saveBest(weights) {
      best = weights;
    },
    async loadBest() {
      if (best === undefined) throw new Error('no best checkpoint');
      return best;
    },
    last: () => last,
  };
}

export interface TinyJobOptions {
  readonly engine: Engine;
  readonly strategy: StrategyName;
  readonly config?: Partial<RunConfig>;
  readonly batchNorm?: boolean;
}

/** A job on made pictures: 30 to train on, 12 to validate. */
export function tinyJob(options: TinyJobOptions): TrainingJob {
  const { engine, strategy } = options;
  const network = tinyNetwork(options.batchNorm);
  const config = testConfig({ warmupEpochs: 1, ...options.config });
  const weights = randomWeights(network, 1);
  const plan = planTraining({ strategy, config, network, newLayers: new Set(['fc7', 'fc8']) });
  return {
    engine,
    network,
    plan,
    config,
    weights,
    sources: async ({ from }) => ({
      train: await tinySource({ engine, network, weights, from }, tinyImages(30, 1)),
      validation: await tinySource({ engine, network, weights, from }, tinyImages(12, 2)),
      release: async () => {},
    }),
    checkpoints: memoryCheckpoints(),
    signal: new AbortController().signal,
    emit: () => {},
  };
}

/** Whether two tensors have the same bits. */
export function sameBits(a: Tensor | undefined, b: Tensor | undefined): boolean {
  if (a === undefined || b === undefined || sizeOf(a.shape) !== sizeOf(b.shape)) return false;
  const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return bytes(a).equals(bytes(b));
}

/** The names of the tensors that differ in any bit. */
export function changedNames(before: NamedTensors, after: NamedTensors): string[] {
  return [...before.keys()].filter((name) => !sameBits(before.get(name), after.get(name)));
}

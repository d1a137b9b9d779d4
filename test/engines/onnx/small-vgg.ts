import { readFileSync } from 'node:fs';
import type { NamedTensors, Tensor } from '../../../src/base/tensor.ts';
import type {
  OptimizerSpec,
  ParameterGroup,
  TrainingBatch,
  TrainingRequest,
} from '../../../src/engines/engine.ts';
import { layerShapes } from '../../../src/network/shapes.ts';
import type { Layer, NetworkSpec } from '../../../src/network/spec.ts';

/** The small VGG of test/golden/make_training_steps.py, with its batches and PyTorch's results. */
export interface GoldenRun {
  readonly name: string;
  readonly optimizer: OptimizerSpec;
  readonly clipNorm: number | null;
  readonly layers: Layer[];
  readonly groups: ParameterGroup[];
  readonly learningRates: number[][];
  readonly initial: NamedPacked[];
  readonly losses: number[];
  readonly final: NamedPacked[];
  /** Logits of the first batch after the last step, in inference mode. */
  readonly predictions: number[];
}

interface NamedPacked {
  readonly name: string;
  readonly shape: number[];
  readonly data: number[];
}

interface Golden {
  readonly side: number;
  readonly batchSize: number;
  readonly classes: number;
  readonly mean: [number, number, number];
  readonly std: [number, number, number];
  readonly classWeights: number[];
  readonly labelSmoothing: number;
  readonly batches: {
    readonly count: number;
    readonly rows: number[];
    readonly targets: number[];
    readonly weights: number[];
    readonly mask: number[];
  }[];
  readonly runs: GoldenRun[];
}

const path = new URL('../../golden/training-steps.json', import.meta.url);
const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden;

export const goldenRuns = golden.runs;
export const BATCH = golden.batchSize;
export const CLASSES = golden.classes;

export function runNamed(name: string): GoldenRun {
  const found = goldenRuns.find((run) => run.name === name);
  if (found === undefined) throw new Error(`no run ${name}`);
  return found;
}

export const batches: readonly TrainingBatch[] = golden.batches.map((batch) => ({
  count: batch.count,
  rows: Uint8Array.from(batch.rows),
  targets: Float32Array.from(batch.targets),
  weights: Float32Array.from(batch.weights),
  dropout: new Map([['drop1', Float32Array.from(batch.mask)]]),
}));

export function batch(index: number): TrainingBatch {
  const found = batches[index % batches.length];
  if (found === undefined) throw new Error('no batches');
  return found;
}

export function networkOf({ layers }: GoldenRun): NetworkSpec {
  const { side, classes, mean, std } = golden;
  return {
    backbone: 'small',
    head: 'vgg',
    classes,
    preprocessing: { channels: 'rgb', scale: 1 / 255, mean, std, size: side, resize: side },
    layers,
    shapes: layerShapes(layers, [3, side, side]),
    headStart: layers.length - 5,
  };
}

export function tensors(packed: readonly NamedPacked[]): NamedTensors {
  return new Map(
    packed.map(({ name, shape, data }): [string, Tensor] => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
}

export function requestOf(run: GoldenRun): TrainingRequest {
  return {
    network: networkOf(run),
    from: 0,
    weights: tensors(run.initial),
    groups: run.groups,
    optimizer: run.optimizer,
    loss: {
      labelSmoothing: golden.labelSmoothing,
      classWeights: Float32Array.from(golden.classWeights),
    },
    ...(run.clipNorm === null ? {} : { clipNorm: run.clipNorm }),
    batchSize: BATCH,
  };
}

import { join, resolve } from 'node:path';
import type { Emit } from '../base/events.ts';
import type { Engine } from '../engines/engine.ts';
import type { RunRecord } from '../run/record.ts';
import { buildEmojiFolder } from './demo-data.ts';
import { train } from './train.ts';

export interface DemoRequest {
  /** Gets `images` and `run`; `vggtune-demo` by default. */
  readonly folder?: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly engine?: Engine;
}

export interface DemoResult {
  readonly record: RunRecord;
  /** Pictures that were trained on, and that were not. */
  readonly images: { readonly trained: number; readonly unseen: number };
  readonly classes: readonly string[];
  /** Share of the unseen pictures whose class the network names. */
  readonly accuracy: number;
  /** The accuracy of always naming the most frequent class. */
  readonly chance: number;
  readonly seconds: number;
  readonly run: string;
  readonly model: string;
  /** A command that predicts with the model. */
  readonly predict: string;
}

/**
 * Settings that end well within a minute on two cores. There are no published weights of vgg-nano,
 * so it starts from random ones. The pictures are small and clean: mild augmentation is enough.
 */
const SETTINGS = {
  backbone: 'vgg-nano',
  weights: 'random',
  strategy: 'scratch',
  epochs: 8,
  batchSize: 32,
  optimizer: { kind: 'adamw', learningRate: 0.004, weightDecay: 0.01 },
  schedule: { kind: 'one-cycle' },
  head: { kind: 'linear', dropout: 0.2 },
  labelSmoothing: 0.05,
  earlyStop: null,
  split: { val: 0.2, test: 0.2 },
  augment: {
    crop: { scale: [0.7, 1], ratio: [0.85, 1.18] },
    ...{ flip: 0.5, rotate: 0, brightness: 0.1, contrast: 0.1, saturation: 0, hue: 0, views: 0 },
  },
} as const;

/** Enough to learn from, few enough to end within a minute on two cores. */
const IMAGES_PER_CLASS = 64;

/** Builds a folder of real pictures, trains vgg-nano on it, and measures it on unseen ones. */
export async function demo(request: DemoRequest): Promise<DemoResult> {
  const started = performance.now();
  const { signal, emit, engine } = request;
  const folder = resolve(request.folder ?? 'vggtune-demo');
  emit({ type: 'stage', stage: 'data', message: 'building a folder of emoji pictures' });
  const { root } = await buildEmojiFolder({
    target: join(folder, 'images'),
    imagesPerClass: IMAGES_PER_CLASS,
  });
  const run = join(folder, 'run');
  const record = await train({
    sources: [{ origin: 'demo', values: { ...SETTINGS, data: root, out: run } }],
    overwrite: true,
    ...{ signal, emit },
    ...(engine !== undefined && { engine }),
  });
  const { split, metrics } = record;
  const counts = split.classes.map((_, c) => split.test.filter(({ label }) => label === c).length);
  const example = split.test[0]?.path ?? '';
  return {
    record,
    images: { trained: split.train.length, unseen: split.test.length },
    classes: split.classes,
    accuracy: metrics?.metrics.accuracy ?? Number.NaN,
    chance: Math.max(...counts) / split.test.length,
    seconds: (performance.now() - started) / 1000,
    run,
    model: join(run, 'model', 'model.onnx'),
    predict: `vggtune predict ${run} ${join(root, example)}`,
  };
}

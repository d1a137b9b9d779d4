import { join, resolve } from 'node:path';
import { type ConfigSource, Settings } from '../../config/settings.ts';
import type { RunRecord } from '../../run/record.ts';
import { contextOf, type WorkContext } from '../prepare/work-context.ts';
import { train } from '../train.ts';
import { buildEmojiFolder } from './demo-data.ts';

export interface DemoRequest extends WorkContext {
  /** The folder for `images`, `run` and `scratch`; `vggtune-demo` by default. */
  readonly folder?: string;
  /** As `--device` names it; `auto` by default. */
  readonly device?: string;
  /** Epochs of each training; fewer than by default are for a first look at a slow device. */
  readonly epochs?: number;
}

export interface DemoResult {
  readonly record: RunRecord;
  /** The number of images used for training, and of unseen ones. */
  readonly images: { readonly trained: number; readonly unseen: number };
  readonly classes: readonly string[];
  /** Share of the unseen pictures whose class the fine-tuned network names. */
  readonly accuracy: number;
  /** The accuracy of a network that started from random weights. */
  readonly scratch: { readonly accuracy: number; readonly epochs: number };
  /** The accuracy of always naming the most frequent class. */
  readonly chance: number;
  readonly seconds: number;
  readonly run: string;
  readonly model: string;
  /** A command that predicts with the model. */
  readonly predict: string;
}

/**
 * The settings of the fine-tuned network. There are few images to train on, which is what pretrained weights
 * are for. The advisor chooses the strategy without trials, which would take longer than everything else.
 */
const SETTINGS = {
  backbone: 'vgg-nano',
  strategy: 'auto',
  advise: { budget: '0' },
  split: { val: 0.1, test: 0.6 },
} as const;

/**
 * The settings of the network for comparison. It has enough epochs to converge on few images; they are small
 * and clean, so that mild augmentation is best.
 */
const SCRATCH = {
  ...SETTINGS,
  strategy: 'scratch',
  weights: 'random',
  epochs: 40,
  batchSize: 32,
  optimizer: { kind: 'adamw', learningRate: 0.004, weightDecay: 0.01 },
  schedule: { kind: 'one-cycle' },
  head: { kind: 'linear', dropout: 0.2 },
  labelSmoothing: 0.1,
  earlyStop: null,
  export: [],
  augment: {
    crop: { scale: [0.6, 1], ratio: [0.85, 1.18] },
    flip: 0.5,
    rotate: 0,
    brightness: 0.1,
    contrast: 0.1,
    saturation: 0,
    hue: 0,
    views: 0,
  },
} as const;

/** The number of images per class; three in ten are for training. */
export const IMAGES_PER_CLASS = 40;

/**
 * Builds a folder of real pictures, fine-tunes vgg-nano on a few of them, and measures it on unseen
 * ones, beside the same network trained from random weights.
 */
export async function demo(request: DemoRequest): Promise<DemoResult> {
  const started = performance.now();
  const { emit, epochs = SCRATCH.epochs } = request;
  const folder = resolve(request.folder ?? 'vggtune-demo');
  emit({ type: 'stage', stage: 'data', message: 'building a folder of emoji pictures' });
  const { root } = await buildEmojiFolder({
    target: join(folder, 'images'),
    imagesPerClass: IMAGES_PER_CLASS,
  });
  const run = join(folder, 'run');
  const record = await trainOn(request, { ...SETTINGS, data: root, out: run });
  const scratch = await trainOn(request, { ...SCRATCH, data: root, out: join(folder, 'scratch') });
  const { split } = record;
  const counts = split.classes.map((_, c) => split.test.filter(({ label }) => label === c).length);
  const example = split.test[0]?.path ?? '';
  return {
    record,
    images: { trained: split.train.length, unseen: split.test.length },
    classes: split.classes,
    accuracy: accuracyOf(record),
    scratch: { accuracy: accuracyOf(scratch), epochs },
    chance: Math.max(...counts) / split.test.length,
    seconds: (performance.now() - started) / 1000,
    run,
    model: join(run, 'model', 'model.onnx'),
    predict: `vggtune predict ${run} ${join(root, example)}`,
  };
}

function trainOn(request: DemoRequest, values: ConfigSource['values']): Promise<RunRecord> {
  const { device = 'auto', epochs } = request;
  const own = { ...values, device, ...(epochs !== undefined && { epochs }) };
  const settings = Settings.of({ origin: 'demo', values: own });
  return train({ ...contextOf(request), settings, overwrite: true });
}

function accuracyOf({ metrics }: RunRecord): number {
  return metrics?.metrics.accuracy ?? Number.NaN;
}

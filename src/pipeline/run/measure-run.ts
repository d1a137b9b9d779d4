import { interruptedError } from '../../base/errors.ts';
import type { NamedTensors } from '../../base/tensor.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import { imagePredictions } from '../../evaluation/image-predictions.ts';
import { metricsRecord } from '../../evaluation/metrics-record.ts';
import type { Scored } from '../../metrics/scores.ts';
import type { ImagePrediction, MetricsRecord } from '../../run/record.ts';
import type { TrainPlan } from '../../training/train-plan.ts';
import { score } from '../../training/validate.ts';
import type { SampleSetting } from '../prepare/sample-setting.ts';
import { plainRows } from '../prepare/samples.ts';
import type { TrainedModel } from '../prepare/trained-model.ts';
import type { PreparedRun } from './begin-run.ts';
import type { StrategyRun } from './strategy-run.ts';

/** Metrics, and what they are made of, image by image. */
export interface Measurement {
  readonly metrics: MetricsRecord;
  readonly predictions: readonly ImagePrediction[];
}

/**
 * Measures a run on images to which nothing was fitted: the test images by the final model; else the
 * validation images by the model before a refit. Where the output layer alone is trained and validation
 * images were fitted too, each image is scored by a fit of the cross-validation that did not see it.
 */
export async function measureRun(
  run: StrategyRun,
  of: PreparedRun & { readonly models: Readonly<Record<'final' | 'judged', TrainedModel>> },
): Promise<Measurement | undefined> {
  const { index, split, measureOn } = run;
  const { plan, start, models, setting } = of;
  const { classes } = index;
  const side = measureOn ?? (split.test.length > 0 ? 'test' : 'val');
  const heldOut = start.refitHead?.heldOut;
  if (side === 'val' && plan.phases.length === 0 && heldOut !== undefined) {
    const scored = measureOn === undefined ? heldOut : scoresOf(heldOut, split.val);
    return measurementOf(scored, { side: 'cross-validation', classes });
  }
  const isFinal = side === 'test' || start.refitWeights === undefined;
  const model = isFinal ? models.final : models.judged;
  const found = await measure({ setting, model, plan, classes, side });
  if (isFinal || found === undefined) return found;
  return { ...found, metrics: { ...found.metrics, beforeRefit: true } };
}

type HeldOut = Scored & { readonly images: readonly ImageEntry[] };

/** The scores of some images alone; of all where none of them was scored. */
function scoresOf(scored: HeldOut, some: readonly ImageEntry[]): HeldOut {
  const paths = new Set(some.map(({ path }) => path));
  const { classes, labels, images } = scored;
  const kept = [...images.keys()].filter((row) => paths.has((images[row] as ImageEntry).path));
  if (kept.length === 0) return scored;
  const scores = new Float32Array(kept.length * classes);
  kept.forEach((row, at) => {
    scores.set(scored.scores.subarray(row * classes, (row + 1) * classes), at * classes);
  });
  return {
    scores,
    classes,
    labels: kept.map((row) => labels[row] as number),
    images: kept.map((row) => images[row] as ImageEntry),
  };
}

function measurementOf(
  scored: HeldOut,
  of: { readonly side: MetricsRecord['side']; readonly classes: readonly string[] },
): Measurement {
  return {
    metrics: metricsRecord(scored, of),
    predictions: imagePredictions(scored, of.classes),
  };
}

/**
 * Measures a subset, if it has images; from the cached activations at the last freeze boundary, to which the
 * trained layers are applied.
 */
async function measure(of: {
  readonly setting: SampleSetting;
  readonly model: TrainedModel;
  readonly plan: TrainPlan;
  readonly classes: readonly string[];
  readonly side: 'val' | 'test';
}): Promise<Measurement | undefined> {
  const { setting, model, plan, classes, side } = of;
  if (setting.split[side].length === 0) return undefined;
  const scored = await scoreSide({ setting, plan }, { weights: model.weights, side });
  return measurementOf(scored, { side, classes });
}

/**
 * What weights say of the images of a side, as probabilities, and which of them could be read; from the cached
 * activations at the last freeze boundary, which the trained layers then finish.
 */
export async function scoreSide(
  { setting, plan }: Pick<PreparedRun, 'setting' | 'plan'>,
  { weights, side }: { readonly weights: NamedTensors; readonly side: 'val' | 'test' },
): Promise<HeldOut> {
  const { split, engine, network, config, signal } = setting;
  const from = plan.phases.length === 0 ? (plan.solvedFrom ?? plan.from) : plan.from;
  const { batchSize } = config;
  const rows = await plainRows(setting, split[side], from);
  const to = network.layers.length;
  const program = await engine.compileForward({ network, weights, from, to, batchSize });
  try {
    const predict = (input: Uint8Array | Float32Array, count: number) => program.run(input, count);
    const options = { batchSize, classes: network.classes, signal };
    const { positions, ...scored } = await score({ predict }, rows, options);
    if (signal.aborted) throw interruptedError('interrupted while it was measured', RESUME);
    return { ...scored, images: positions.map((at) => rows.images[at] as ImageEntry) };
  } finally {
    await program.release();
    await rows.release();
  }
}

const RESUME = { fix: 'it is trained; to measure and export it, go on with --resume' };

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TrainingProgram } from '../engines/engine.ts';
import { mean } from '../metrics/mean.ts';
import { figuresOf, softmaxRows } from '../metrics/metric-values.ts';
import type { Scored } from '../metrics/scores.ts';
import { calibratedLosses } from '../metrics/temperature.ts';
import type { EpochFigures } from './checkpoint.ts';
import { requireImages } from './lost-images.ts';
import type { RowSource } from './sample-source.ts';

export interface ValidationOptions {
  readonly batchSize: number;
  readonly classes: number;
  readonly signal: AbortSignal;
}

export interface Validation {
  readonly figures: EpochFigures;
  /** The calibrated cross-entropy of each image; none where it was not asked for. */
  readonly losses: readonly number[];
}

/** Measures a subset with the program's current weights; only a part of it after an interrupt. */
export async function validate(
  program: TrainingProgram,
  source: RowSource,
  options: ValidationOptions & { readonly calibrated: boolean },
): Promise<Validation> {
  const scored = await score(program, source, options);
  const figures = { ...figuresOf(scored) };
  if (!options.calibrated) return { figures, losses: [] };
  const losses = calibratedLosses(scored);
  return { figures: { ...figures, calibrated_loss: mean(losses) }, losses };
}

/**
 * Computes the probabilities of the images of a subset.
 * @throws VggtuneError (data) when none of them could be read
 */
export async function score(
  program: Pick<TrainingProgram, 'predict'>,
  source: RowSource,
  { batchSize, classes, signal }: ValidationOptions,
): Promise<Scored & { readonly positions: readonly number[] }> {
  const order = source.labels.map((_, position) => position);
  const scores = new Float32Array(order.length * classes);
  const labels: number[] = [];
  const read: number[] = [];
  for await (const { rows, positions } of source.batches(order, { batchSize, epoch: 0 })) {
    if (positions.length > 0) {
      const logits = await program.predict(rows, positions.length);
      scores.set(softmaxRows(logits, classes), labels.length * classes);
      labels.push(...positions.map((at) => source.labels[at] as number));
      read.push(...positions);
    }
    await nextTurn();
    if (signal.aborted) break;
  }
  if (!signal.aborted) requireImages(labels.length, 'to measure the network on');
  return { scores: scores.subarray(0, labels.length * classes), classes, labels, positions: read };
}

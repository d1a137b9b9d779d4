import { setImmediate as nextTurn } from 'node:timers/promises';
import { oneHot } from '../base/one-hot.ts';
import { createRng } from '../base/rng.ts';
import type { StepResult, TrainingBatch } from '../engines/engine.ts';
import { predictedClass } from '../metrics/scores.ts';
import type { EpochSums, Progress } from './checkpoint.ts';
import { diverged } from './divergence.ts';
import { createDropoutMasks } from './dropout-masks.ts';
import type { PhaseRun } from './job.ts';
import type { RowBatch } from './sample-source.ts';
import { scheduleFactor } from './schedules.ts';
import { balancedWeights, mixUp, rowWeights } from './targets.ts';
import { phaseLabel } from './train-plan.ts';

/** Called between two steps of an epoch. */
export type AfterStep = (progress: Progress) => Promise<void>;

/** The parts that the epochs of a phase share. */
export interface Epochs {
  readonly run: PhaseRun;
  readonly stepsPerEpoch: number;
  readonly makeBatch: (batch: RowBatch, progress: Progress) => TrainingBatch;
  readonly afterStep: AfterStep;
}

export function prepareEpochs(run: PhaseRun, afterStep: AfterStep): Epochs {
  const images = run.sources.train.labels.length;
  const stepsPerEpoch = Math.max(1, Math.ceil(images / run.job.config.batchSize));
  return { run, stepsPerEpoch, makeBatch: createBatchMaker(run), afterStep };
}

/**
 * Runs the remaining batches of an epoch, or fewer when the signal is aborted. Everything random in a step
 * depends on the seed, the phase, the epoch and the batch alone, so that a run can be resumed at any step.
 */
export async function runEpoch(epochs: Epochs, start: Progress): Promise<Progress> {
  const { run, stepsPerEpoch } = epochs;
  const { config, signal } = run.job;
  const { train } = run.sources;
  const rng = createRng('shuffle', config.seed, start.phase, start.epoch);
  const order = rng.shuffle(train.labels.map((_, position) => position));
  const left = order.slice(start.batch * config.batchSize);
  let progress = start;
  if (signal.aborted) return progress;
  const { batchSize } = config;
  for await (const batch of train.batches(left, { batchSize, epoch: start.epoch })) {
    progress = await takeStep(epochs, batch, progress);
    if (progress.batch < stepsPerEpoch) await epochs.afterStep(progress);
    // The engine holds the event loop for a step: signals and timers get their turn here.
    await nextTurn();
    if (signal.aborted) break;
  }
  return progress;
}

/** Runs one optimizer step. A batch of which no image could be decoded is skipped. */
async function takeStep(epochs: Epochs, batch: RowBatch, progress: Progress): Promise<Progress> {
  const { run, stepsPerEpoch } = epochs;
  const step = progress.batch + 1;
  if (batch.positions.length === 0) return { ...progress, batch: step };
  const rates = learningRates(run, progress, stepsPerEpoch);
  const made = epochs.makeBatch(batch, progress);
  const result = await run.program.step(made, rates);
  if (!Number.isFinite(result.loss)) throw diverged(run, { progress, step, what: 'the loss' });
  const labels = batch.positions.map((at) => run.sources.train.labels[at] as number);
  const sums = addStep(progress.sums, result, labels);
  run.job.emit({
    type: 'step',
    phase: phaseLabel(run.phase),
    epoch: progress.epoch + 1,
    step,
    stepsPerEpoch,
    loss: result.loss,
    accuracy: sums.correct / sums.images,
    learningRate: Math.max(...rates),
    images: labels.length,
  });
  return { ...progress, batch: step, sums };
}

function createBatchMaker({ job, phase, sources }: PhaseRun): Epochs['makeBatch'] {
  const { config, network } = job;
  const { labels } = sources.train;
  const masks = createDropoutMasks(network, phase.from, config.batchSize);
  const balanced = config.classWeights === 'balanced';
  const classWeights = balanced ? balancedWeights(labels, network.classes) : undefined;

  return (batch, progress) => {
    const keys = [config.seed, progress.phase, progress.epoch, progress.batch];
    const count = batch.positions.length;
    const plain = oneHot(
      batch.positions.map((at) => labels[at] as number),
      network.classes,
    );
    const { rows, targets } =
      config.mixup > 0
        ? mixUp(batch, plain, { alpha: config.mixup, keys })
        : { rows: batch.rows, targets: plain };
    const weights = rowWeights(targets, count, classWeights);
    return { rows, count, targets, weights, dropout: masks(count, keys) };
  };
}

function learningRates(run: PhaseRun, progress: Progress, stepsPerEpoch: number): number[] {
  const factor = scheduleFactor(run.phase.schedule, {
    step: progress.epoch * stepsPerEpoch + progress.batch,
    stepsPerEpoch,
    epochs: run.phase.epochs,
    history: progress.history.map((figures) => figures.loss ?? Number.NaN),
  });
  return run.phase.groups.map((group) => group.learningRate * factor);
}

function addStep(sums: EpochSums, result: StepResult, labels: readonly number[]): EpochSums {
  const classes = result.logits.length / labels.length;
  const scored = { scores: result.logits, classes, labels };
  const hits = labels.filter((label, row) => predictedClass(scored, row) === label);
  return {
    loss: sums.loss + result.loss * labels.length,
    correct: sums.correct + hits.length,
    images: sums.images + labels.length,
  };
}

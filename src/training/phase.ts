import { parseDuration } from '../base/duration.ts';
import { interruptedError } from '../base/errors.ts';
import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingState } from '../engines/engine.ts';
import { asCandidate, candidateWeights } from './candidate.ts';
import { allFinite, type EpochFigures, type Progress, START } from './checkpoint.ts';
import { climbWarning, Divergence, diverged, hasClimbed } from './divergence.ts';
import { isClearlyLower, judgeEpochs, watchedMetric } from './early-stop.ts';
import { type AfterStep, type Epochs, prepareEpochs, runEpoch } from './epoch.ts';
import type { PhaseRun } from './job.ts';
import { requireImages } from './lost-images.ts';
import { phaseLabel } from './train-plan.ts';
import { type Validation, validate } from './validate.ts';

/** The result of a phase. */
export interface PhaseResult {
  /** The candidate weights after the last step. */
  readonly weights: NamedTensors;
  /** The progress, with the metrics of all epochs. */
  readonly progress: Progress;
  readonly bestEpoch: number;
}

/** Runs the remaining epochs of a phase: batches, validation, best weights, checkpoint. */
export async function runPhase(run: PhaseRun): Promise<PhaseResult> {
  const { config, emit } = run.job;
  const saves = timedSaves(run);
  const epochs = prepareEpochs(run, saves.afterStep);
  emitStart(run, epochs);
  const watches = isJudged(run) && run.sources.validation !== undefined;
  if (isJudged(run) && !watches && config.earlyStop !== null) emit(NOTHING_TO_WATCH);
  const rule = watches ? config.earlyStop : null;
  let progress = await measureStart(run);
  while (progress.epoch < run.lastEpoch && progress.stopped !== true) {
    const verdict = judgeEpochs(progress.history, rule, startOf(progress));
    if (verdict.stop) {
      const metric = config.earlyStop?.metric ?? 'loss';
      emit({ type: 'early-stop', epoch: progress.epoch, bestEpoch: verdict.best + 1, metric });
      break;
    }
    try {
      const started = performance.now();
      const trained = await runEpoch(epochs, progress);
      progress = await closeEpoch(run, { trained, started });
    } catch (error) {
      // Where something good is kept already, numbers that blow up end the phase and not the run.
      if (!(error instanceof Divergence) || progress.before === undefined) throw error;
      emit(climbWarning(run, error.message));
      progress = { ...progress, stopped: true };
    }
    saves.saved();
  }
  const weights = candidateWeights(run, await run.program.state());
  const { history } = progress;
  const bestEpoch = watches
    ? judgeEpochs(history, rule, startOf(progress)).best
    : history.length - 1;
  return { weights, progress, bestEpoch };
}

function emitStart(run: PhaseRun, { stepsPerEpoch }: Epochs): void {
  run.job.emit({
    type: 'train-start',
    phase: phaseLabel(run.phase),
    epochs: run.lastEpoch,
    stepsPerEpoch,
    images: run.sources.train.labels.length,
    ...(run.start.batch > 0 && { stepsDone: run.start.batch }),
  });
}

/**
 * The rule without validation images: the training loss falls while a network overfits, so it is no reason to
 * stop.
 */
const NOTHING_TO_WATCH = {
  type: 'warning',
  code: 'no-validation',
  message:
    'no images are held out for validation: early stopping is off, and the weights of the last epoch are kept',
} as const;

/**
 * Saves a checkpoint at intervals. An epoch of a deep network takes hours on a CPU, so this bounds what a
 * power cut costs. The state between any two steps can be resumed.
 */
function timedSaves(run: PhaseRun): { readonly afterStep: AfterStep; readonly saved: () => void } {
  const every = parseDuration(run.job.config.checkpointEvery) ?? Number.POSITIVE_INFINITY;
  let last = performance.now();
  const saved = () => {
    last = performance.now();
  };
  const afterStep = async (progress: Progress) => {
    if (performance.now() - last < every) return;
    await run.job.checkpoints.saveLast({ progress, state: await goodState(run, progress) });
    saved();
  };
  return { afterStep, saved };
}

/** Whether the epochs of a phase are candidates for the best one. */
const isJudged = ({ phase }: PhaseRun) => phase.name === 'main' && !phase.refit;

/**
 * Measures the state before the first step and keeps it as the best so far, where its head is trained and
 * there are validation images: training that makes it worse then costs nothing but time.
 */
async function measureStart(run: PhaseRun): Promise<Progress> {
  const { start, sources } = run;
  const { plan } = run.job;
  const begun = start.epoch > 0 || start.batch > 0 || start.before !== undefined;
  if (begun || !isJudged(run) || !plan.startIsCandidate) return start;
  if (sources.validation === undefined) return start;
  const { figures: before, losses } = await measured(run, Number.NaN);
  if (run.job.signal.aborted) throw await interrupted(run, start);
  // A solved head is an optimum already: what takes its place has to be better than by chance.
  const solved = plan.solvedFrom !== undefined;
  const progress = { ...start, before, ...(solved && { startLosses: losses, clear: [] }) };
  await run.job.checkpoints.saveBest((await run.program.state()).weights, progress);
  return progress;
}

/** Closes an epoch: validation, the best weights, a checkpoint. */
async function closeEpoch(
  run: PhaseRun,
  { trained, started }: { readonly trained: Progress; readonly started: number },
): Promise<Progress> {
  const { config, signal, network, checkpoints } = run.job;
  if (signal.aborted) throw await interrupted(run, trained);
  const { sums, epoch, before } = trained;
  requireImages(sums.images, `in epoch ${epoch + 1}, so no step was made`);
  const loss = sums.loss / Math.max(1, sums.images);
  const { figures: validation, losses: each } = await asCandidate(run, () => measured(run, loss));
  if (signal.aborted) throw await interrupted(run, trained);

  const state = await goodState(run, trained, validation);
  const history = [...trained.history, validation];
  const losses = [loss, validation.loss ?? loss];
  const stopped = before !== undefined && hasClimbed(losses, { before, classes: network.classes });
  const progress: Progress = {
    ...trained,
    batch: START.batch,
    sums: START.sums,
    epoch: epoch + 1,
    history,
    ...clearOf(trained, each),
    ...(stopped && { stopped }),
  };
  // Without a validation side no epoch is known to be better than the last.
  const best =
    run.sources.validation !== undefined
      ? judgeEpochs(history, config.earlyStop, startOf(progress)).best === epoch
      : epoch + 1 === run.lastEpoch;
  if (best && isJudged(run)) await checkpoints.saveBest(candidateWeights(run, state), progress);
  await checkpoints.saveLast({ progress, state });
  emitEpoch(run, { sums, epoch, validation, best, started });
  if (stopped) {
    const [from, to] = [before?.loss ?? 0, Math.max(...losses)].map((x) => x.toPrecision(3));
    run.job.emit(climbWarning(run, `the loss climbed from ${from} to ${to}`));
  }
  return progress;
}

interface EpochReport {
  readonly sums: Progress['sums'];
  readonly epoch: number;
  readonly validation: EpochFigures;
  readonly best: boolean;
  readonly started: number;
}

function emitEpoch(run: PhaseRun, { sums, epoch, validation, best, started }: EpochReport): void {
  run.job.emit({
    type: 'epoch',
    phase: phaseLabel(run.phase),
    epoch: epoch + 1,
    epochs: run.lastEpoch,
    loss: sums.loss / Math.max(1, sums.images),
    accuracy: sums.correct / Math.max(1, sums.images),
    validation: run.sources.validation === undefined ? {} : validation,
    best,
    seconds: (performance.now() - started) / 1000,
  });
}

async function measured(run: PhaseRun, trainingLoss: number): Promise<Validation> {
  const { program, sources } = run;
  const { config, network } = run.job;
  if (sources.validation === undefined) return { figures: { loss: trainingLoss }, losses: [] };
  return validate(program, sources.validation, {
    batchSize: config.batchSize,
    classes: network.classes,
    signal: run.job.signal,
    calibrated: isCalibrated(run),
  });
}

/** Whether calibrated losses are needed: by the stopping rule, or for a solved start. */
const isCalibrated = ({ job: { plan, config } }: PhaseRun) =>
  plan.solvedFrom !== undefined || watchedMetric(config.earlyStop) === 'calibrated_loss';

/** Whether each epoch so far is better than the start by more than chance. */
function clearOf({ startLosses, clear = [] }: Progress, losses: readonly number[]) {
  return startLosses === undefined
    ? {}
    : { clear: [...clear, isClearlyLower(losses, startLosses)] };
}

/** The start as a candidate for the best. */
function startOf({ before, clear, history }: Progress) {
  return before === undefined ? undefined : { before, clear: clear ?? history.map(() => true) };
}

async function interrupted(run: PhaseRun, progress: Progress): Promise<Error> {
  await run.job.checkpoints.saveLast({ progress, state: await goodState(run, progress) });
  const { phase } = run;
  return interruptedError('interrupted; a checkpoint is kept', {
    where: `${phaseLabel(phase)}, epoch ${progress.epoch + 1} of ${phase.epochs}, after step ${progress.batch}`,
    fix: 'go on with --resume',
  });
}

/**
 * Returns the engine's state if its values, and its predictions, are finite.
 * @throws VggtuneError (usage) when it is not
 */
async function goodState(
  run: PhaseRun,
  progress: Progress,
  figures: EpochFigures = {},
): Promise<TrainingState> {
  const state = await run.program.state();
  // A side of which no image could be read has no figures at all; that is nobody's divergence.
  const isBroken = Number.isNaN(figures.loss) && !Number.isNaN(figures.accuracy);
  const what = !allFinite(state.weights)
    ? 'a weight'
    : !allFinite(state.slots)
      ? 'a slot of the optimizer'
      : isBroken && 'the validation loss';
  if (what) throw diverged(run, { progress, step: progress.batch, what });
  return state;
}

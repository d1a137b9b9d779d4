import { parseDuration } from '../base/duration.ts';
import { interruptedError } from '../base/errors.ts';
import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingState } from '../engines/engine.ts';
import { asCandidate, candidateWeights } from './candidate.ts';
import { allFinite, type EpochFigures, type Progress, START } from './checkpoint.ts';
import { climbWarning, Divergence, diverged, hasClimbed } from './divergence.ts';
import { isClearlyLower, judgeEpochs } from './early-stop.ts';
import { type AfterStep, createEpochRunner } from './epoch.ts';
import type { PhaseRun } from './job.ts';
import { requireImages } from './lost-images.ts';
import { phaseLabel } from './plan.ts';
import { type Validation, validate } from './validate.ts';

/**
 * Runs the epochs of a phase that are left: batches, validation, best weights, checkpoint.
 * @returns the candidate weights after the last step, the figures of all epochs, and the index of the best one
 */
export async function runPhase(run: PhaseRun): Promise<{
  readonly weights: NamedTensors;
  readonly progress: Progress;
  readonly bestEpoch: number;
}> {
  const { phase, sources, config, emit } = run;
  const saves = timedSaves(run);
  const runEpoch = createEpochRunner(run, saves.afterStep);
  emit({
    type: 'train-start',
    phase: phaseLabel(phase),
    epochs: run.lastEpoch,
    stepsPerEpoch: runEpoch.stepsPerEpoch,
    images: sources.train.labels.length,
    ...(run.start.batch > 0 && { stepsDone: run.start.batch }),
  });
  const watches = isJudged(run) && sources.validation !== undefined;
  if (isJudged(run) && !watches && config.earlyStop !== null) emit(NOTHING_TO_WATCH);
  let progress = await measureStart(run);
  while (progress.epoch < run.lastEpoch && progress.stopped !== true) {
    const verdict = judgeEpochs(
      progress.history,
      watches ? config.earlyStop : null,
      startOf(progress),
    );
    if (verdict.stop) {
      const metric = config.earlyStop?.metric ?? 'loss';
      emit({ type: 'early-stop', epoch: progress.epoch, bestEpoch: verdict.best + 1, metric });
      break;
    }
    progress = await guardedEpoch(run, { runEpoch, progress });
    saves.saved();
  }
  const weights = candidateWeights(run);
  const { history } = progress;
  const bestEpoch = watches
    ? judgeEpochs(history, config.earlyStop, startOf(progress)).best
    : history.length - 1;
  return { weights, progress, bestEpoch };
}

/** The training loss falls while a network overfits, so it is no reason to stop. */
const NOTHING_TO_WATCH = {
  type: 'warning',
  code: 'no-validation',
  message:
    'no images are held out for validation: early stopping is off, and the weights of the last epoch are kept',
} as const;

/**
 * An epoch of a deep network takes hours on a CPU: a checkpoint now and then bounds what a power cut
 * costs. The state between two steps is as good as any other.
 */
function timedSaves(run: PhaseRun): { readonly afterStep: AfterStep; readonly saved: () => void } {
  const every = parseDuration(run.config.checkpointEvery) ?? Number.POSITIVE_INFINITY;
  let last = performance.now();
  const saved = () => {
    last = performance.now();
  };
  const afterStep = async (progress: Progress) => {
    if (performance.now() - last < every) return;
    await run.checkpoints.saveLast({ progress, state: goodState(run, progress) });
    saved();
  };
  return { afterStep, saved };
}

/** Whether the epochs of a phase are candidates for the best one. */
const isJudged = ({ phase }: PhaseRun) => phase.name === 'main' && !phase.refit;

/**
 * Measures the state before the first step and keeps it as the best so far, where it is known to be good and
 * there are images to measure it on: training that makes it worse then costs nothing but time.
 */
async function measureStart(run: PhaseRun): Promise<Progress> {
  const { start, sources, plan } = run;
  const begun = start.epoch > 0 || start.batch > 0 || start.before !== undefined;
  if (begun || !isJudged(run) || !plan.startIsCandidate) return start;
  if (sources.validation === undefined) return start;
  const { figures: before, losses } = await measured(run, Number.NaN);
  if (run.signal.aborted) throw await interrupted(run, start);
  // A solved head is an optimum already: what takes its place has to be better beyond doubt.
  const solved = plan.solvedFrom !== undefined;
  const progress = { ...start, before, ...(solved && { startLosses: losses, clear: [] }) };
  await run.checkpoints.saveBest(run.program.state().weights, progress);
  return progress;
}

interface EpochSetting {
  readonly runEpoch: ReturnType<typeof createEpochRunner>;
  readonly progress: Progress;
}

/** One epoch; where something good is kept already, numbers that blow up end the phase and not the run. */
async function guardedEpoch(run: PhaseRun, setting: EpochSetting): Promise<Progress> {
  try {
    return await oneEpoch(run, setting);
  } catch (error) {
    if (!(error instanceof Divergence) || setting.progress.before === undefined) throw error;
    run.emit(climbWarning(run, error.message));
    return { ...setting.progress, stopped: true };
  }
}

async function oneEpoch(run: PhaseRun, setting: EpochSetting): Promise<Progress> {
  const { config, signal, network } = run;
  const started = performance.now();
  const trained = await setting.runEpoch(setting.progress);
  if (signal.aborted) throw await interrupted(run, trained);
  const { sums, epoch, before } = trained;
  requireImages(sums.images, `in epoch ${epoch + 1}, so no step was made`);
  const loss = sums.loss / Math.max(1, sums.images);
  const { figures: validation, losses: each } = await asCandidate(run, () => measured(run, loss));
  if (signal.aborted) throw await interrupted(run, trained);

  const state = goodState(run, trained, validation);
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
  if (best && isJudged(run)) await run.checkpoints.saveBest(candidateWeights(run), progress);
  await run.checkpoints.saveLast({ progress, state });
  emitEpoch(run, { sums, epoch, validation, best, started });
  if (stopped) {
    const [from, to] = [before?.loss ?? 0, Math.max(...losses)].map((x) => x.toPrecision(3));
    run.emit(climbWarning(run, `the loss climbed from ${from} to ${to}`));
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
  run.emit({
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
  const { program, sources, config, network } = run;
  if (sources.validation === undefined) return { figures: { loss: trainingLoss }, losses: [] };
  return validate(program, sources.validation, {
    batchSize: config.batchSize,
    classes: network.classes,
    signal: run.signal,
  });
}

/** Whether an epoch is better than the start by more than chance, added to what is known of those before it. */
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
  await run.checkpoints.saveLast({ progress, state: goodState(run, progress) });
  const { phase } = run;
  return interruptedError('interrupted; a checkpoint is kept', {
    where: `${phaseLabel(phase)}, epoch ${progress.epoch + 1} of ${phase.epochs}, after step ${progress.batch}`,
    fix: 'go on with --resume',
  });
}

/**
 * The engine's state, if it is worth keeping: finite numbers, which also answer with such.
 * @throws VggtuneError (usage) when it is not
 */
function goodState(run: PhaseRun, progress: Progress, figures: EpochFigures = {}): TrainingState {
  const state = run.program.state();
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

import { parseDuration } from '../base/duration.ts';
import { interruptedError } from '../base/errors.ts';
import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingState } from '../engines/engine.ts';
import { allFinite, type EpochFigures, type Progress, START } from './checkpoint.ts';
import { diverged } from './divergence.ts';
import { judgeEpochs } from './early-stop.ts';
import { type AfterStep, createEpochRunner } from './epoch.ts';
import type { PhaseRun } from './job.ts';
import { requireImages } from './lost-images.ts';
import { validate } from './validate.ts';

/**
 * Runs the epochs of a phase that are left: batches, validation, best weights, checkpoint.
 * @returns the weights after the last step, the figures of all epochs, and the index of the best one
 */
export async function runPhase(run: PhaseRun): Promise<{
  readonly weights: NamedTensors;
  readonly progress: Progress;
  readonly bestEpoch: number;
}> {
  const { phase, sources, config, emit } = run;
  const last = run.start.phase === run.plan.phases.length - 1;
  const saves = timedSaves(run);
  const runEpoch = createEpochRunner(run, saves.afterStep);
  emit({
    type: 'train-start',
    phase: phase.name,
    epochs: phase.epochs,
    stepsPerEpoch: runEpoch.stepsPerEpoch,
    images: sources.train.labels.length,
    ...(run.start.batch > 0 && { stepsDone: run.start.batch }),
  });
  const judged = sources.validation !== undefined;
  if (last && !judged && config.earlyStop !== null) emit(NOTHING_TO_WATCH);
  let progress = run.start;
  while (progress.epoch < phase.epochs) {
    const verdict = judgeEpochs(progress.history, last && judged ? config.earlyStop : null);
    if (verdict.stop) {
      const metric = config.earlyStop?.metric ?? 'loss';
      emit({ type: 'early-stop', epoch: progress.epoch, bestEpoch: verdict.best + 1, metric });
      break;
    }
    progress = await oneEpoch(run, { runEpoch, progress, last });
    saves.saved();
  }
  const { weights } = run.program.state();
  const { history } = progress;
  const bestEpoch = judged ? judgeEpochs(history, config.earlyStop).best : history.length - 1;
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

interface EpochSetting {
  readonly runEpoch: ReturnType<typeof createEpochRunner>;
  readonly progress: Progress;
  readonly last: boolean;
}

async function oneEpoch(run: PhaseRun, setting: EpochSetting): Promise<Progress> {
  const { phase, config, emit, signal } = run;
  const started = performance.now();
  const trained = await setting.runEpoch(setting.progress);
  if (signal.aborted) throw await interrupted(run, trained);
  const { sums, epoch } = trained;
  requireImages(sums.images, `in epoch ${epoch + 1}, so no step was made`);
  const loss = sums.loss / Math.max(1, sums.images);
  const validation = await figuresOf(run, loss);
  if (signal.aborted) throw await interrupted(run, trained);

  const state = goodState(run, trained, validation);
  const history = [...trained.history, validation];
  const progress: Progress = { ...START, phase: trained.phase, epoch: epoch + 1, history };
  const judged = run.sources.validation !== undefined;
  // Without a validation side no epoch is known to be better than the last.
  const best = judged
    ? judgeEpochs(history, config.earlyStop).best === epoch
    : epoch + 1 === phase.epochs;
  if (best && setting.last) await run.checkpoints.saveBest(state.weights, progress);
  await run.checkpoints.saveLast({ progress, state });
  emit({
    type: 'epoch',
    phase: phase.name,
    epoch: epoch + 1,
    epochs: phase.epochs,
    loss,
    accuracy: sums.correct / Math.max(1, sums.images),
    validation: judged ? validation : {},
    best,
    seconds: (performance.now() - started) / 1000,
  });
  return progress;
}

async function figuresOf(run: PhaseRun, trainingLoss: number): Promise<EpochFigures> {
  const { program, sources, config, network } = run;
  if (sources.validation === undefined) return { loss: trainingLoss };
  return validate(program, sources.validation, {
    batchSize: config.batchSize,
    classes: network.classes,
    signal: run.signal,
  });
}

async function interrupted(run: PhaseRun, progress: Progress): Promise<Error> {
  await run.checkpoints.saveLast({ progress, state: goodState(run, progress) });
  const { phase } = run;
  return interruptedError('interrupted; a checkpoint is kept', {
    where: `${phase.name}, epoch ${progress.epoch + 1} of ${phase.epochs}, after step ${progress.batch}`,
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

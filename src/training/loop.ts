import type { NamedTensors } from '../base/tensor.ts';
import { type EpochFigures, type Progress, START } from './checkpoint.ts';
import { expectFits, otherRun } from './checkpoint-fit.ts';
import type { TrainingJob } from './job.ts';
import { openPhase } from './open-phase.ts';
import { type PhaseResult, runPhase } from './phase.ts';
import type { TrainPhase } from './train-plan.ts';

export interface TrainingOutcome {
  /** Every tensor of the network: those of the best epoch, or of the refit where there is one. */
  readonly weights: NamedTensors;
  /** Every tensor of the best epoch, which the validation metrics describe. */
  readonly judgedWeights: NamedTensors;
  /** The figures of the judged phase's epochs. */
  readonly history: readonly EpochFigures[];
  /** Index into `history`; -1: the state before the first step was the best. */
  readonly bestEpoch: number;
}

/**
 * Trains the phases of a plan one after the other and restores the best epoch of `main`. A warm-up only
 * prepares: its epochs are no candidates for the best. A refit begins again at the start, with the
 * validation images among those that are trained on, and takes as many epochs as were best.
 *
 * @throws VggtuneError (interrupted) when the signal asks for it, after the step and a checkpoint;
 *   (usage) when the loss is no number and nothing was known to be better, with the last good checkpoint kept
 */
export async function runTraining(job: TrainingJob): Promise<TrainingOutcome> {
  const { plan } = job;
  let weights = job.weights;
  let progress = job.resume?.progress ?? START;
  let state = job.resume?.state;
  if (progress.phase > 0 && progress.phase >= plan.phases.length) {
    throw otherRun(job.resume, `phase ${progress.phase + 1} of ${plan.phases.length}`);
  }
  while (progress.phase < plan.phases.length) {
    const phase = plan.phases[progress.phase] as TrainPhase;
    if (phase.refit && job.judgedOnly === true) break;
    if (phase.refit && isFirstOfRefit(plan.phases, progress.phase)) {
      weights = job.refitWeights ?? job.weights;
    }
    const lastEpoch = epochsOf(phase, progress);
    if (lastEpoch === 0) {
      progress = nextPhase(progress);
      continue;
    }
    const run = await openPhase({ job, phase, weights, start: progress, lastEpoch, state });
    try {
      const result = await runPhase(run);
      weights = overlay(weights, result.weights);
      progress = afterPhase(phase, { before: progress, result });
    } finally {
      await run.release();
    }
    state = undefined;
  }
  const kept = await job.checkpoints.loadBest();
  expectFits(kept, { wanted: job.weights, resume: undefined });
  const best = overlay(job.weights, kept);
  const { history, best: bestEpoch } = progress.judged ?? { history: [], best: -1 };
  const refit = plan.phases.some((phase) => phase.refit) && job.judgedOnly !== true;
  return { weights: refit ? weights : best, judgedWeights: best, history, bestEpoch };
}

const isFirstOfRefit = (phases: readonly TrainPhase[], at: number) =>
  phases[at - 1]?.refit !== true;

/** A refit takes as many epochs as were best. */
function epochsOf(phase: TrainPhase, { judged }: Progress): number {
  return phase.refit && phase.name === 'main' ? (judged?.best ?? -1) + 1 : phase.epochs;
}

/** The progress at the start of the next phase. */
function nextPhase({ phase, judged }: Progress): Progress {
  return { ...START, phase: phase + 1, ...(judged !== undefined && { judged }) };
}

function afterPhase(
  phase: TrainPhase,
  of: { readonly before: Progress; readonly result: PhaseResult },
): Progress {
  const { before, result } = of;
  if (phase.refit || phase.name !== 'main') return nextPhase(before);
  const { history, before: start } = result.progress;
  const judged = {
    history,
    best: result.bestEpoch,
    ...(start !== undefined && { before: start }),
  };
  return { ...nextPhase(before), judged };
}

/** `base` with the tensors of `above` in place of its own. */
export function overlay(base: NamedTensors, above: NamedTensors): NamedTensors {
  return new Map([...base, ...above]);
}

import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingProgram, TrainingState } from '../engines/engine.ts';
import { type EpochFigures, type Progress, START } from './checkpoint.ts';
import type { PhaseSources, TrainingJob } from './job.ts';
import { runPhase } from './phase.ts';
import type { TrainPhase } from './plan.ts';
import { balancedWeights } from './targets.ts';

export interface TrainingOutcome {
  /** Every tensor of the network: those of the best epoch, or of the refit where there is one. */
  readonly weights: NamedTensors;
  /** Every tensor of the best epoch: what the validation figures are about. */
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
  while (progress.phase < plan.phases.length) {
    const phase = plan.phases[progress.phase] as TrainPhase;
    if (phase.refit && isFirstOfRefit(plan.phases, progress.phase)) {
      weights = job.refitWeights ?? job.weights;
    }
    const result = await trainPhase({ job, phase, weights, progress, state });
    weights = overlay(weights, result.weights);
    progress = result.progress;
    state = undefined;
  }
  const best = overlay(job.weights, await job.checkpoints.loadBest());
  const { history, best: bestEpoch } = progress.judged ?? { history: [], best: -1 };
  const refit = plan.phases.some((phase) => phase.refit);
  return { weights: refit ? weights : best, judgedWeights: best, history, bestEpoch };
}

const isFirstOfRefit = (phases: readonly TrainPhase[], at: number) =>
  phases[at - 1]?.refit !== true;

interface PhaseStart extends PhaseSetting {
  readonly progress: Progress;
  /** Of a run that is resumed in this phase. */
  readonly state: TrainingState | undefined;
}

/** @returns the weights after the phase, and the progress at the start of the next one */
async function trainPhase({ job, phase, weights, progress, state }: PhaseStart) {
  const next = { ...START, phase: progress.phase + 1 };
  const epochs =
    phase.refit && phase.name === 'main' ? (progress.judged?.best ?? -1) + 1 : undefined;
  if (epochs === 0) return { weights, progress: { ...next, ...judgedOf(progress) } };
  const result = await withProgram({ job, phase, weights }, (program, sources) => {
    if (state !== undefined) program.load(state);
    const lastEpoch = epochs ?? phase.epochs;
    const start = { start: progress, firstWeights: weights };
    return runPhase({ ...job, ...start, phase, program, sources, lastEpoch });
  });
  if (phase.refit || phase.name !== 'main') {
    return { weights: result.weights, progress: { ...next, ...judgedOf(progress) } };
  }
  const { history, before } = result.progress;
  const judged = { history, best: result.bestEpoch, ...(before !== undefined && { before }) };
  return { weights: result.weights, progress: { ...next, judged } };
}

const judgedOf = ({ judged }: Progress) => (judged === undefined ? {} : { judged });

interface PhaseSetting {
  readonly job: TrainingJob;
  readonly phase: TrainPhase;
  readonly weights: NamedTensors;
}

async function withProgram<T>(
  { job, phase, weights }: PhaseSetting,
  use: (program: TrainingProgram, sources: PhaseSources) => Promise<T>,
): Promise<T> {
  const { engine, network, plan, config } = job;
  const sources = await job.sources(phase);
  try {
    const balanced = config.classWeights === 'balanced';
    const program = await engine.compileTraining({
      network,
      from: phase.from,
      weights,
      groups: phase.groups,
      optimizer: plan.optimizer,
      loss: {
        labelSmoothing: config.labelSmoothing,
        ...(balanced && { classWeights: balancedWeights(sources.train.labels, network.classes) }),
      },
      ...(config.clipNorm !== null && { clipNorm: config.clipNorm }),
      batchSize: config.batchSize,
      ...(config.microBatch !== null && { microBatch: config.microBatch }),
    });
    try {
      return await use(program, sources);
    } finally {
      await program.release();
    }
  } finally {
    await sources.release();
  }
}

/** `base` with the tensors of `above` in place of its own. */
export function overlay(base: NamedTensors, above: NamedTensors): NamedTensors {
  return new Map([...base, ...above]);
}

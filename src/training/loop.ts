import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingProgram } from '../engines/engine.ts';
import { type EpochFigures, START } from './checkpoint.ts';
import type { PhaseSources, TrainingJob } from './job.ts';
import { runPhase } from './phase.ts';
import type { TrainPhase } from './plan.ts';
import { balancedWeights } from './targets.ts';

export interface TrainingOutcome {
  /** Every tensor of the network, those of the best epoch. */
  readonly weights: NamedTensors;
  /** The figures of the last phase's epochs. */
  readonly history: readonly EpochFigures[];
  /** Index into `history`. */
  readonly bestEpoch: number;
}

/**
 * Trains the phases of a plan one after the other and restores the best epoch of the last one. An
 * earlier phase only prepares: its epochs are no candidates for the best.
 *
 * @throws VggtuneError (interrupted) when the signal asks for it, after the step and a checkpoint;
 *   (usage) when the loss is no number, with the last good checkpoint kept
 */
export async function runTraining(job: TrainingJob): Promise<TrainingOutcome> {
  const { plan } = job;
  let weights = job.weights;
  let progress = job.resume?.progress ?? START;
  let state = job.resume?.state;
  let history = progress.history;
  let bestEpoch = history.length - 1;
  while (progress.phase < plan.phases.length) {
    const phase = plan.phases[progress.phase] as TrainPhase;
    const result = await withProgram({ job, phase, weights }, (program, sources) => {
      if (state !== undefined) program.load(state);
      return runPhase({ ...job, phase, program, sources, start: progress });
    });
    weights = overlay(weights, result.weights);
    history = result.progress.history;
    bestEpoch = result.bestEpoch;
    progress = { ...START, phase: progress.phase + 1 };
    state = undefined;
  }
  return { weights: overlay(weights, await job.checkpoints.loadBest()), history, bestEpoch };
}

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

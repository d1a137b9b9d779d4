import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingProgram, TrainingState } from '../engines/engine.ts';
import type { PhaseRun, PhaseSources, TrainingJob } from './job.ts';
import { balancedWeights } from './targets.ts';

export interface PhaseStart extends Pick<PhaseRun, 'job' | 'phase' | 'start' | 'lastEpoch'> {
  readonly weights: NamedTensors;
  /** The state of a run that is resumed in this phase. */
  readonly state: TrainingState | undefined;
}

/** Opens the samples of a phase and compiles its program, for whoever then releases both. */
export async function openPhase({ weights, state, ...of }: PhaseStart): Promise<PhaseRun> {
  const sources = await of.job.sources(of.phase);
  try {
    const program = await compile({ ...of, sources }, weights);
    if (state !== undefined) program.load(state);
    const release = () => program.release().finally(() => sources.release());
    return { ...of, program, sources, release };
  } catch (error) {
    await sources.release();
    throw error;
  }
}

function compile(
  { job, phase, sources }: Pick<PhaseRun, 'phase'> & { job: TrainingJob; sources: PhaseSources },
  weights: NamedTensors,
): Promise<TrainingProgram> {
  const { engine, network, plan, config } = job;
  const balanced = config.classWeights === 'balanced';
  return engine.compileTraining({
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
}

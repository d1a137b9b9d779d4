import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingProgram, TrainingState } from '../engines/engine.ts';
import type { Checkpoint } from './checkpoint.ts';
import { expectFits } from './checkpoint-fit.ts';
import type { PhaseRun, PhaseSources, TrainingJob } from './job.ts';
import { balancedWeights } from './targets.ts';

export interface PhaseStart extends Pick<PhaseRun, 'job' | 'phase' | 'start' | 'lastEpoch'> {
  readonly weights: NamedTensors;
  /** The state of a run that is resumed in this phase. */
  readonly state: TrainingState | undefined;
}

/** Opens the samples of a phase and compiles its program; the caller releases both. */
export async function openPhase({ weights, state, ...of }: PhaseStart): Promise<PhaseRun> {
  const sources = await of.job.sources(of.phase);
  try {
    const program = await compile({ ...of, sources }, weights);
    const release = () => program.release().finally(() => sources.release());
    if (state !== undefined) await takeUp(program, { state, resume: of.job.resume });
    return { ...of, program, sources, release };
  } catch (error) {
    await sources.release();
    throw error;
  }
}

/** @throws VggtuneError (data) where the state is that of another network */
async function takeUp(
  program: TrainingProgram,
  { state, resume }: { readonly state: TrainingState; readonly resume: Checkpoint | undefined },
): Promise<void> {
  const wanted = await program.state();
  expectFits(state.weights, { wanted: wanted.weights, resume, whole: true });
  expectFits(state.slots, { wanted: wanted.slots, resume, whole: true });
  program.load(state);
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

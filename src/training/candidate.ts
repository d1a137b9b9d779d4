import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingState } from '../engines/engine.ts';
import { averagedWeights } from '../engines/optimizer-slots.ts';
import type { PhaseRun } from './job.ts';

/**
 * Whether averages are kept: a warm-up begins at random numbers, and its few steps would leave some of those
 * in an average.
 */
const isAveraged = ({ job: { plan }, phase }: PhaseRun) =>
  plan.optimizer.average !== undefined && phase.name === 'main';

/**
 * The weights that a phase would keep at a state: the moving averages of the trained weights, where there are
 * any.
 */
export function candidateWeights(run: PhaseRun, state: TrainingState): NamedTensors {
  return isAveraged(run) ? averagedWeights(state) : state.weights;
}

/** Runs work with the candidate as the program's weights, and restores the weights afterwards. */
export async function asCandidate<T>(run: PhaseRun, use: () => Promise<T>): Promise<T> {
  if (!isAveraged(run)) return use();
  const state = await run.program.state();
  run.program.load({ ...state, weights: averagedWeights(state) });
  try {
    return await use();
  } finally {
    run.program.load(state);
  }
}

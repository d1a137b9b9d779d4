import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingState } from '../engines/engine.ts';
import { averagedWeights } from '../engines/optimizer-slots.ts';
import type { PhaseRun } from './job.ts';

/** A warm-up begins at random numbers, of which an average over its few steps would keep some. */
const isAveraged = ({ job: { plan }, phase }: PhaseRun) =>
  plan.optimizer.average !== undefined && phase.name === 'main';

/** What a phase would keep at a state: the moving averages of the trained weights, where there are any. */
export function candidateWeights(run: PhaseRun, state: TrainingState): NamedTensors {
  return isAveraged(run) ? averagedWeights(state) : state.weights;
}

/** Lets something use the program as if the candidate were its weights, and goes on with those it had. */
export async function asCandidate<T>(run: PhaseRun, use: () => Promise<T>): Promise<T> {
  if (!isAveraged(run)) return use();
  const state = run.program.state();
  run.program.load({ ...state, weights: averagedWeights(state) });
  try {
    return await use();
  } finally {
    run.program.load(state);
  }
}

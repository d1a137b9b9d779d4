import type { NamedTensors } from '../base/tensor.ts';
import { averagedWeights } from '../engines/optimizer-slots.ts';
import type { PhaseRun } from './job.ts';

const isAveraged = ({ job: { plan } }: PhaseRun) => plan.optimizer.average !== undefined;

/** What a phase would keep at this step: the moving averages of the trained weights, where there are any. */
export function candidateWeights(run: PhaseRun): NamedTensors {
  const state = run.program.state();
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

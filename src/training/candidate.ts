import type { NamedTensors, Tensor } from '../base/tensor.ts';
import type { PhaseRun } from './job.ts';

/**
 * Weights on the line between two networks of one shape: `share` of the first, the rest of the second.
 *
 * A fine-tuned network that is averaged with the one that it began as keeps most of what it learned and loses
 * less of what it knew (WiSE-FT: Wortsman et al. 2022, arXiv 2109.01903).
 */
export function interpolated(
  first: NamedTensors,
  second: NamedTensors,
  share: number,
): NamedTensors {
  return new Map(
    [...second].map(([name, tensor]) => {
      const from = first.get(name);
      return [name, from === undefined ? tensor : mixed(from, tensor, share)];
    }),
  );
}

function mixed(first: Tensor, second: Tensor, share: number): Tensor {
  const data = Float32Array.from(second.data);
  for (let i = 0; i < data.length; i++) {
    const to = data[i] as number;
    data[i] = to + share * ((first.data[i] as number) - to);
  }
  return { ...second, data };
}

/** The share of the phase's first weights in what it keeps: a start that is no optimum is not worth keeping. */
const shareOfStart = ({ job: { plan, config }, phase }: PhaseRun) =>
  plan.solvedFrom !== undefined && phase.name === 'main' ? config.startShare : 0;

/** What a phase would keep at this step: the program's weights, averaged with those that it began at. */
export function candidateWeights(run: PhaseRun): NamedTensors {
  const { weights } = run.program.state();
  const share = shareOfStart(run);
  return share === 0 ? weights : interpolated(run.firstWeights, weights, share);
}

/** Lets something use the program as if the candidate were its weights, and goes on with those it had. */
export async function asCandidate<T>(run: PhaseRun, use: () => Promise<T>): Promise<T> {
  if (shareOfStart(run) === 0) return use();
  const state = run.program.state();
  run.program.load({ ...state, weights: candidateWeights(run) });
  try {
    return await use();
  } finally {
    run.program.load(state);
  }
}

import { BACK, type Back } from './prompts.ts';

/** A question, which reads and adds to what is known. */
export type Step<S> = (state: S) => Promise<S | Back>;

/**
 * Asks one step after the other. Back goes to the step before, with what was answered so far; the
 * first step is asked again.
 */
export async function walk<S>(first: S, steps: readonly Step<S>[]): Promise<S> {
  const states = [first];
  for (;;) {
    const at = states.length - 1;
    const state = states[at] as S;
    const step = steps[at];
    if (step === undefined) return state;
    const next = await step(state);
    if (next !== BACK) states.push(next);
    else if (at > 0) {
      // What was answered later is kept, so that it need not be chosen again.
      states.pop();
      states[at - 1] = { ...states[at - 1], ...state } as S;
    }
  }
}

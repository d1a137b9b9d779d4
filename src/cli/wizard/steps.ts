import { BACK, type Back } from './prompts.ts';
import type { Scroll } from './scroll.ts';

/** A question, which reads the state and adds its answer. */
export type Step<S> = (state: S) => Promise<S | Back>;

/**
 * Runs the steps in order. Going back returns to the previous step with the answers so far, and takes back what was
 * said since that step began; the first step is asked again.
 */
export async function walk<S>(
  first: S,
  steps: readonly Step<S>[],
  scroll: Pick<Scroll, 'mark' | 'backTo'>,
): Promise<S> {
  const states = [first];
  const marks: number[] = [];
  for (;;) {
    const at = states.length - 1;
    const state = states[at] as S;
    const step = steps[at];
    if (step === undefined) return state;
    marks[at] = scroll.mark;
    const next = await step(state);
    if (next !== BACK) {
      states.push(next);
      continue;
    }
    scroll.backTo(marks[Math.max(0, at - 1)] ?? 0);
    if (at > 0) {
      // What was answered later is kept, so that it need not be chosen again.
      states.pop();
      states[at - 1] = { ...states[at - 1], ...state } as S;
    }
  }
}

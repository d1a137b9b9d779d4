import type { Verdict } from '../../advisor/verdict.ts';
import { STRATEGIES } from '../../config/schema.ts';
import type { TrialRow } from './trials.ts';

/** What trials say, and how far what follows from them is certain. */
export function trialEvidence(verdict: Verdict, rows: readonly TrialRow[]): readonly string[] {
  const tried = rows.flatMap((row) => ('reason' in row ? [] : [row]));
  const named = tried.map(({ strategy, accuracy, images }) => {
    return `${strategy} ${(100 * accuracy).toFixed(1)} % of ${images}`;
  });
  const untried = STRATEGIES.filter((name) => rows.every(({ strategy }) => strategy !== name));
  return [
    ...(named.length === 0 ? [] : [`tried on training images left out: ${named.join(', ')}`]),
    ...(named.length === 0 || untried.length === 0
      ? []
      : [
          `not tried: ${untried.join(', ')} (too far behind to matter, or longer than --advise.budget)`,
        ]),
    differenceSentence(verdict),
  ];
}

function differenceSentence({ strategy, runnerUp, difference, isClose }: Verdict): string {
  const { mean, low, high } = difference;
  const points = (share: number) => (100 * share).toFixed(1);
  const between = `between ${points(low)} and ${points(high)}`;
  if (strategy === runnerUp) return `${strategy} is all that the settings allow`;
  if (isClose) {
    return `${strategy} and ${runnerUp} are expected to be as good as each other (${points(mean)} points, ${between}): ${strategy} costs less`;
  }
  return `${strategy} is expected to be ${points(mean)} points better than ${runnerUp} (${between})`;
}

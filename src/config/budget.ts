import { parseDuration } from '../base/duration.ts';

/** How `parseBudget` wants it, for errors. */
export const BUDGET_FORM = 'auto, 0, or a duration such as 90s, 10m or 1.5h';

/** Seconds that trials may take; null where they follow from what the chosen run takes; undefined: no budget. */
export function parseBudget(text: string): number | null | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'auto') return null;
  if (word === '0') return 0;
  const milliseconds = parseDuration(word);
  // `never` is no time to end at: somebody who writes it most likely means 0.
  return milliseconds === undefined || !Number.isFinite(milliseconds)
    ? undefined
    : milliseconds / 1000;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds; Node's timers end at once where they are to take longer, some 25 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The form that `parseDuration` accepts, for error messages. */
export const DURATION_FORM = 'a duration such as 90s, 10m or 1.5h, or never';

/** Milliseconds of `90s`, `10m` or `1.5h`; Infinity of `never`; undefined of anything else. */
export function parseDuration(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'never') return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)\s*([smh])$/.exec(word);
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

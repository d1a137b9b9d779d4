import type { GateMetric } from '../config/gates.ts';

/**
 * Successive halving (Jamieson and Talwalkar 2016) by thirds: all candidates train a ninth of their epochs, the best
 * third of them go on to a third, and the best third of these to the end.
 */
export const RUNGS = [1 / 9, 1 / 3, 1] as const;
const KEPT = 1 / 3;

export type Figures = Readonly<Record<string, number>>;

/** The figure by which two candidates are compared, then their losses; the better one first. */
export function compareFigures(
  metric: GateMetric,
  a: Figures | undefined,
  b: Figures | undefined,
): number {
  const [first, second] = [rank(a, metric), rank(b, metric)];
  return first === second ? rank(a, 'loss') - rank(b, 'loss') : first - second;
}

/** Less is better; a figure that could not be measured is behind all others. */
function rank(figures: Figures | undefined, metric: GateMetric): number {
  const value = figures?.[metric];
  if (value === undefined || Number.isNaN(value)) return Number.MAX_VALUE;
  return metric === 'loss' ? value : -value;
}

/** Those that go on from a rung, the best first. */
export function promoted<T extends { readonly figures: Figures | undefined }>(
  reached: readonly T[],
  metric: GateMetric,
): T[] {
  return [...reached]
    .sort((a, b) => compareFigures(metric, a.figures, b.figures))
    .slice(0, Math.ceil(reached.length * KEPT));
}

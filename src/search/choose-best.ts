import type { GateMetric } from '../config/gates.ts';
import { type PairedDifference, pairedDifference } from '../metrics/paired.ts';
import type { ImagePrediction } from '../run/record.ts';
import { compareFigures, type Figures } from './halving.ts';

/** A run that came to its end, and what it says of each validation image. */
export interface Judged {
  readonly figures: Figures | undefined;
  readonly predictions: readonly ImagePrediction[];
}

/** How far a run is ahead of the first; more is better. */
export interface Lead extends PairedDifference {
  readonly images: number;
}

export interface Choice<T> {
  readonly best: T;
  /** How far the best is ahead, or the next best where the first stays. Absent where there is one run alone. */
  readonly lead?: Lead;
}

/**
 * Chooses among runs. The best of many is ahead by chance alone, the more so the fewer the images: the first, which
 * has the settings that a search began with, stays unless another is ahead by more than one standard error of the
 * difference on the same images (the rule of Breiman et al. 1984, section 3.4.3, for the best of many trees).
 */
export function chooseBest<T extends Judged>(
  first: T | undefined,
  others: readonly T[],
  metric: GateMetric,
): Choice<T> | undefined {
  const byFigures = [...others].sort((a, b) => compareFigures(metric, a.figures, b.figures));
  const [ahead] = byFigures;
  if (first === undefined || ahead === undefined) {
    const best = first ?? ahead;
    return best === undefined ? undefined : { best };
  }
  const clear = byFigures.find((run) => {
    const { mean, error } = leadOver(run, first, metric);
    return mean > error;
  });
  return { best: clear ?? first, lead: leadOver(clear ?? ahead, first, metric) };
}

function leadOver(run: Judged, first: Judged, metric: GateMetric): Lead {
  const known = new Map(first.predictions.map((image) => [image.path, image]));
  const pairs = run.predictions.flatMap((image) => {
    const other = known.get(image.path);
    return other === undefined ? [] : [[gainOf(image, metric), gainOf(other, metric)] as const];
  });
  const difference = pairedDifference(
    pairs.map(([own]) => own),
    pairs.map(([, other]) => other),
  );
  return { ...difference, images: pairs.length };
}

/** What an image adds to the figure; more is better. The mean F1 score has no such parts: hits stand for it. */
function gainOf({ label, guesses, loss }: ImagePrediction, metric: GateMetric): number {
  if (metric === 'loss') return -(loss ?? 0);
  const asked = metric === 'top5' ? guesses : guesses.slice(0, 1);
  return asked.some((guess) => guess.label === label) ? 1 : 0;
}

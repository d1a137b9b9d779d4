import { createRng } from '../base/rng.ts';

export interface Sample<T> {
  readonly items: readonly T[];
  /** [items] Class indices from 0, of the sampled classes alone. */
  readonly labels: readonly number[];
  /** How many classes the sample has. */
  readonly classes: number;
}

/** The fewest images of a class that a probe can use: one to learn from and one to be tested on. */
const FEWEST = 2;
/** The number of images that a probe should have of each class, where the class has as many. */
export const LEAST_PER_CLASS = 4;

/**
 * A stratified sample: as many of each class as possible, evenly. Where that would be fewer than
 * four of each, it is of some of the classes only. Classes with one image are left out: a probe that
 * leaves it out knows nothing of its class, and would be wrong by construction.
 *
 * @param most size of the sample
 */
export function stratifiedSample<T extends { readonly label: number }>(
  items: readonly T[],
  most: number,
  seed: number,
): Sample<T> {
  const byLabel = new Map<number, T[]>();
  for (const item of items) byLabel.set(item.label, [...(byLabel.get(item.label) ?? []), item]);
  const labels = [...byLabel]
    .filter(([, own]) => own.length >= FEWEST)
    .map(([label]) => label)
    .sort((a, b) => a - b);
  const affordable = Math.max(2, Math.floor(most / LEAST_PER_CLASS));
  const chosen = createRng('advise-classes', seed)
    .shuffle(labels)
    .slice(0, affordable)
    .sort((a, b) => a - b);
  const queues = chosen.map((label) =>
    createRng('advise', seed, label).shuffle(byLabel.get(label) ?? []),
  );
  const picked: { readonly item: T; readonly label: number }[] = [];
  const longest = Math.max(...queues.map((queue) => queue.length));
  for (let round = 0; round < longest && picked.length < most; round++) {
    for (const [label, queue] of queues.entries()) {
      const item = queue[round];
      if (item !== undefined && picked.length < most) picked.push({ item, label });
    }
  }
  return {
    items: picked.map(({ item }) => item),
    labels: picked.map(({ label }) => label),
    classes: chosen.length,
  };
}

/** Whether a probe, which is tested on held-out images, can be right about at least two classes. */
export function canProbe(labels: readonly number[]): boolean {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].filter((count) => count >= FEWEST).length >= 2;
}

/** The share of the most frequent class: the accuracy of a guess without features. */
export function chanceOf(labels: readonly number[], classes: number): number {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return Math.max(...counts) / Math.max(1, labels.length);
}

/**
 * An evenly spaced sample of a list, from the first element on: of a list that is sorted by class, it has
 * elements of each class.
 */
export function evenSample<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)] as T);
}

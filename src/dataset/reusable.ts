/** A typed array of which a part can be taken. */
interface Cuttable<T> {
  readonly length: number;
  subarray(begin: number, end: number): T;
}

/**
 * Provides a reusable array for use within one synchronous call. Allocating one for each image, thousands per
 * second, would keep the garbage collector busier than the images do.
 * @returns an array of the length asked for, with whatever was last in it
 */
export function reusable<T extends Cuttable<T>>(
  make: (length: number) => T,
): (length: number) => T {
  let kept = make(0);
  return (length) => {
    if (kept.length < length) kept = make(length);
    return kept.subarray(0, length);
  };
}

/** Typed arrays that can be cut. */
interface Cuttable<T> {
  readonly length: number;
  subarray(begin: number, end: number): T;
}

/**
 * Memory for what lives no longer than one synchronous call. Arrays that are made anew for each image,
 * thousands a second, keep the garbage collector busier than the images are.
 *
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

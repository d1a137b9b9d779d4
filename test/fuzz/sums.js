// What was counted of one reader, in one process or in several.

export const NOTHING = {
  inputs: 0,
  /** Read without an error. */
  read: 0,
  /** Refused with a typed error. */
  refused: 0,
  crashes: 0,
  hangs: 0,
  /** Inputs that took more memory than is allowed. */
  memory: 0,
  /** Milliseconds of the slowest input, by the clock. */
  slowest: 0,
  /** The most bytes taken by one input below 4 KiB; what was given back in the meantime counts. */
  peak: 0,
  /** The most bytes taken for each byte of an input above 4 KiB. */
  multiple: 0,
  /** The most bytes that the process had. */
  resident: 0,
  seconds: 0,
};

const MOST = ['slowest', 'multiple', 'peak', 'resident'];

export function add(sums, more) {
  return Object.fromEntries(
    Object.entries(sums).map(([key, value]) => {
      const other = more[key] ?? 0;
      return [key, MOST.includes(key) ? Math.max(value, other) : value + other];
    }),
  );
}

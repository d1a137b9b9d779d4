/** A weighted mean that takes its values one by one. */
export interface RunningMean {
  add(value: number, weight?: number): void;
  /** NaN before the first value. */
  value(): number;
}

/** The update of West (1979), which loses no digits however many values come. */
export function createRunningMean(): RunningMean {
  let mean = 0;
  let total = 0;
  return {
    add(value, weight = 1) {
      if (weight === 0) return;
      total += weight;
      mean += ((value - mean) * weight) / total;
    },
    value: () => (total === 0 ? Number.NaN : mean),
  };
}

/**
 * How the range of the values after a ReLU is chosen, for an unsigned 8-bit scale from 0 to a threshold.
 * Values above the threshold are clipped: a smaller threshold gives finer steps to all others.
 */
export const CALIBRATIONS = ['minmax', 'percentile', 'mse', 'entropy'] as const;
export type Calibration = (typeof CALIBRATIONS)[number];

const BINS = 2048;
const LEVELS = 256;
/** Share of the values that `percentile` keeps. */
const KEPT = 0.9999;
/** A threshold is not sought below this share of the largest value. */
const LOWEST = 1 / 16;

/** A histogram of values from 0 up, whose range doubles when a larger value comes. */
export class ActivationHistogram {
  readonly #counts = new Float64Array(BINS);
  #width = 0;
  #largest = 0;

  add(values: Float32Array): void {
    for (const value of values) if (value > this.#largest) this.#largest = value;
    if (this.#largest === 0) return;
    if (this.#width === 0) this.#width = this.#largest / BINS;
    while (this.#largest > this.#width * BINS) this.#double();
    for (const value of values) {
      // Zeros are exact at every scale.
      if (value <= 0) continue;
      const bin = Math.min(BINS - 1, Math.floor(value / this.#width));
      this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    }
  }

  /** @returns the value that becomes 255; above 0 whatever was seen */
  threshold(calibration: Calibration): number {
    if (this.#largest === 0) return 1;
    switch (calibration) {
      case 'minmax':
        return this.#largest;
      case 'percentile':
        return this.#percentile();
      case 'mse':
        return this.#least((bins) => squaredError(this.#counts, bins));
      case 'entropy':
        return this.#least((bins) => divergence(this.#counts, bins));
    }
  }

  #double(): void {
    for (let bin = 0; bin < BINS / 2; bin++) {
      this.#counts[bin] = (this.#counts[2 * bin] ?? 0) + (this.#counts[2 * bin + 1] ?? 0);
    }
    this.#counts.fill(0, BINS / 2);
    this.#width *= 2;
  }

  #percentile(): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    const bin = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= KEPT * total;
    });
    return Math.min(this.#largest, (bin + 1) * this.#width);
  }

  /** The threshold, at a bin's upper edge, that makes a cost smallest. */
  #least(cost: (bins: number) => number): number {
    const last = Math.min(BINS, Math.ceil(this.#largest / this.#width));
    let best = { bins: last, cost: cost(last) };
    for (let bins = Math.max(LEVELS / 2, Math.ceil(last * LOWEST)); bins < last; bins += 8) {
      const found = cost(bins);
      if (found < best.cost) best = { bins, cost: found };
    }
    return Math.min(this.#largest, best.bins * this.#width);
  }
}

/** The squared error of rounding to 255 steps below the threshold and of clipping above it, in bins. */
function squaredError(counts: Float64Array, bins: number): number {
  const step = bins / (LEVELS - 1);
  let sum = 0;
  counts.forEach((count, bin) => {
    if (count === 0) return;
    const value = bin + 0.5;
    const rounded = Math.min(LEVELS - 1, Math.round(value / step)) * step;
    // Within a bin and within a step values are spread evenly: a step smaller than a bin costs less.
    const error =
      value < bins ? Math.max((value - rounded) ** 2, step ** 2 / 12) : (value - bins) ** 2;
    sum += count * error;
  });
  return sum;
}

/**
 * The Kullback-Leibler divergence of the quantized distribution from the cut-off one (Migacz 2017,
 * "8-bit inference with TensorRT").
 */
function divergence(counts: Float64Array, bins: number): number {
  const reference = counts.slice(0, bins);
  const outliers = counts.subarray(bins).reduce((sum, count) => sum + count, 0);
  reference[bins - 1] = (reference[bins - 1] ?? 0) + outliers;
  const quantized = coarse(counts, bins);
  const total = reference.reduce((sum, count) => sum + count, 0);
  const mass = quantized.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  reference.forEach((count, bin) => {
    if (count === 0) return;
    const q = (quantized[bin] ?? 0) / mass;
    sum += (count / total) * Math.log(count / total / Math.max(q, 1e-12));
  });
  return sum;
}

/** Counts spread evenly over the bins of each level that were not empty. */
function coarse(counts: Float64Array, bins: number): Float64Array {
  const levels = LEVELS / 2;
  const out = new Float64Array(bins);
  for (let level = 0; level < levels; level++) {
    const start = Math.floor((level * bins) / levels);
    const end = Math.floor(((level + 1) * bins) / levels);
    const part = counts.subarray(start, end);
    const used = part.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
    const mean = used === 0 ? 0 : part.reduce((sum, count) => sum + count, 0) / used;
    part.forEach((count, i) => {
      out[start + i] = count > 0 ? mean : 0;
    });
  }
  return out;
}

// Means and spreads as text.

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The standard deviation of a sample; 0 for one value. */
export const deviation = (values) =>
  values.length < 2
    ? 0
    : Math.sqrt(
        values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1),
      );

/** Per cent, rounded down, so that no threshold is reached by rounding. */
export const points = (share) => (Math.floor(1000 * share + 1e-9) / 10).toFixed(1);

export const spread = (values) =>
  `${points(mean(values))} ± ${(100 * deviation(values)).toFixed(1)}`;

export const row = (cells) => `| ${cells.join(' | ')} |`;

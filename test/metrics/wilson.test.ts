import { expect, test } from 'vitest';
import { wilsonInterval } from '../../src/metrics/wilson.ts';

// Computed apart from this code, from the formula in double precision.
test.each([
  [8, 10, 0.49016247, 0.94331783],
  [0, 20, 0, 0.16112516],
  [20, 20, 0.83887484, 1],
  [500, 1000, 0.46907, 0.53093],
])('%d of %d is between %f and %f', (right, of, low, high) => {
  const interval = wilsonInterval(right / of, of);
  expect(interval[0]).toBeCloseTo(low, 5);
  expect(interval[1]).toBeCloseTo(high, 5);
});

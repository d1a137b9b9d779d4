import { expect, it } from 'vitest';
import { parseDuration } from '../../src/base/duration.ts';

it.each([
  ['90s', 90_000],
  ['10m', 600_000],
  ['1.5h', 5_400_000],
  [' 2 H ', 7_200_000],
  ['0s', 0],
  ['never', Number.POSITIVE_INFINITY],
  ['10', undefined],
  ['-1m', undefined],
  ['1d', undefined],
  ['', undefined],
])('%s', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

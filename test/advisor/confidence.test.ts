import { expect, it } from 'vitest';
import { levelOf } from '../../src/advisor/confidence.ts';

it.each([
  [0.99, 'high'],
  [0.9, 'high'],
  [0.89, 'medium'],
  [0.7, 'medium'],
  [0.69, 'low'],
  [0.5, 'low'],
])('%d is %s', (value, level) => {
  expect(levelOf(value)).toEqual({ value, level });
});

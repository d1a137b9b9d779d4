import { expect, it } from 'vitest';
import { closest, editDistance } from '../../src/base/suggest.ts';

it.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['epochs', 'epcohs', 1],
  ['ca', 'abc', 3],
])('the distance of %j and %j is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

it('finds what was meant, and nothing where nothing is near', () => {
  expect(closest('trian', ['train', 'export'])).toBe('train');
  expect(closest('Train', ['train'])).toBe('train');
  expect(closest('xyz', ['train', 'export'])).toBeUndefined();
  expect(closest('x'.repeat(10_000), ['train'])).toBeUndefined();
});

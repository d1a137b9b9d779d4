import { expect, it } from 'vitest';
import { overlayHeat } from '../../src/evaluation/heat-map.ts';

/** A grey picture, 30 wide and 20 high. */
const picture = { width: 30, height: 20, pixels: new Uint8Array(30 * 20 * 3).fill(100) };

it('colours are those of the cell whose middle is there, and between cells in between', () => {
  const grid = { columns: 2, rows: 1, values: Float32Array.of(0, 1) };
  const { pixels, width, height } = overlayHeat(picture, grid, { first: 10, step: 10 });
  expect([width, height]).toEqual([30, 20]);
  const at = (x: number, y: number) => [...pixels.subarray((y * 30 + x) * 3, (y * 30 + x) * 3 + 3)];
  // Half of the grey, and half of the colour map's ends.
  expect(at(0, 0)).toEqual([50, 50, 52]);
  expect(at(0, 19)).toEqual([50, 50, 52]);
  expect(at(29, 10)).toEqual([176, 178, 132]);
  const reds = [9, 12, 15, 18, 21].map((x) => at(x, 5)[0] ?? 0);
  expect(reds).toEqual(reds.toSorted((a, b) => a - b));
  expect(new Set(reds).size).toBe(5);
});

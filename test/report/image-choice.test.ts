import { expect, it } from 'vitest';
import { chooseImages, inOrderOfNeed } from '../../src/report/image-choice.ts';
import type { ImagePrediction } from '../../src/run/record.ts';

function image(path: string, of: { label: string; taken: string; probability: number }) {
  const { label, taken, probability } = of;
  const loss = label === taken ? -Math.log(probability) : -Math.log(1 - probability);
  return { path, label, guesses: [{ label: taken, probability }], loss } satisfies ImagePrediction;
}

it('tells mistakes from answers that are merely unsure, and names no image twice', () => {
  const choice = chooseImages([
    image('sure', { label: 'a', taken: 'a', probability: 0.99 }),
    image('unsure', { label: 'a', taken: 'a', probability: 0.4 }),
    image('bad', { label: 'a', taken: 'b', probability: 0.9 }),
    image('worse', { label: 'b', taken: 'a', probability: 0.95 }),
  ]);
  expect(choice.worst.map(({ path }) => path)).toEqual(['worse', 'bad']);
  expect(choice.leastSure.map(({ path }) => path)).toEqual(['unsure', 'sure']);
  expect(choice.cells.map(({ is, taken, count }) => [is, taken, count])).toEqual([
    ['b', 'a', 1],
    ['a', 'b', 1],
    ['a', 'a', 2],
  ]);
  const order = inOrderOfNeed(choice, ['copy', 'bad']);
  expect(order).toEqual(['worse', 'bad', 'unsure', 'sure', 'copy']);
});

it('lists a bounded number of images, at least one of each cell while there is room', () => {
  const many = Array.from({ length: 20_000 }, (_, i) =>
    image(`${i}`, { label: `${i % 40}`, taken: `${i % 37}`, probability: 0.6 }),
  );
  const { cells } = chooseImages(many);
  expect(cells.reduce((sum, { count }) => sum + count, 0)).toBe(20_000);
  expect(cells.reduce((sum, { shown }) => sum + shown.length, 0)).toBeLessThanOrEqual(3000);
  expect(cells.every(({ shown }) => shown.length > 0)).toBe(true);
});

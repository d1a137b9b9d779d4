import { expect, it } from 'vitest';
import { worstLines } from '../../src/cli/report/worst.ts';
import { displayWidth } from '../../src/cli/width.ts';

const LONG = 'a/very/long/folder/with/many/levels/and/a/name/of/sixty/characters.png';
const rows = [
  {
    ...{ path: LONG, label: 'clothes', loss: 5.149216 },
    guesses: [{ label: 'buttons', probability: 0.3777 }],
  },
  { path: '\u001b[2Jevil.png', label: 'food', loss: null, guesses: [] },
];

it('fits the screen, and shows whole paths where there is none', () => {
  for (const width of [40, 80]) {
    expect(Math.max(...worstLines(rows, width).map(displayWidth))).toBeLessThanOrEqual(width);
  }
  const lines = worstLines(rows, Number.POSITIVE_INFINITY);
  expect(lines[1]).toContain(LONG);
  expect(lines[1]).toMatch(/clothes\s+buttons\s+37\.8 %\s+5\.149$/);
});

it('sends nothing to the terminal that it would act upon', () => {
  expect(worstLines(rows, 80).join('\n')).not.toContain('\u001b');
});

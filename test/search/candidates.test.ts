import { describe, expect, it } from 'vitest';
import type { BatchFile } from '../../src/batch/files.ts';
import { readMatrix } from '../../src/batch/matrix.ts';
import { searchCandidates } from '../../src/search/candidates.ts';

function fileOf(matrix: unknown): BatchFile {
  const read = readMatrix(matrix, () => 'sweep.yaml');
  const rest = { sources: [], gates: [], placeOf: () => 'sweep.yaml' };
  return { path: 'sweep.yaml', name: 'sweep', ...read, ...rest };
}

const candidates = (matrix: unknown, count: number) => [
  ...searchCandidates(count).of(fileOf(matrix)),
];
const valuesOf = (matrix: unknown, count: number) =>
  candidates(matrix, count)
    .slice(1)
    .map(({ choices }) => choices[0]?.value as number);

describe('the candidates of a search', () => {
  it('begin with the settings as they are', () => {
    expect(candidates({ seed: [1, 2] }, 1)[0]).toEqual({ name: 'default', choices: [] });
  });

  it('fill a range evenly: every sixteenth of it is met once in sixteen', () => {
    const values = valuesOf({ 'augment.flip': { min: 0, max: 1 } }, 16);
    expect(new Set(values.map((value) => Math.min(15, Math.floor(value * 16)))).size).toBe(16);
  });

  it('fill a range of rates evenly by their logarithms', () => {
    const range = { min: 1e-4, max: 1e-1, log: true };
    const values = valuesOf({ 'optimizer.learningRate': range }, 30);
    for (const low of [1e-4, 1e-3, 1e-2]) {
      const inside = values.filter((value) => value >= low && value < 10 * low);
      expect(inside.length).toBeGreaterThanOrEqual(9);
      expect(inside.length).toBeLessThanOrEqual(11);
    }
  });

  it('have whole numbers where the setting wants them, the ends among them, each once', () => {
    const values = valuesOf({ epochs: { min: 3, max: 8 } }, 50);
    expect([...values].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it('are no more than a finite space has', () => {
    const all = candidates({ seed: [1, 2, 3], strategy: ['head', 'top'] }, 50);
    expect(new Set(all.map(({ name }) => name)).size).toBe(7);
    expect(all).toHaveLength(7);
  });

  it('of a longer search begin with those of a shorter one', () => {
    const matrix = { strategy: ['head', 'top'], 'optimizer.learningRate': { min: 1, max: 2 } };
    const short = candidates(matrix, 5);
    expect(candidates(matrix, 20).slice(0, 6)).toEqual(short);
  });

  it('need a matrix', () => {
    const [issue] = searchCandidates(3).issues(fileOf({}));
    expect(issue).toMatchObject({ where: 'sweep.yaml', message: 'a search needs a matrix' });
  });
});

describe('a range', () => {
  it.each([
    [{ min: 1 }, 'such as {min'],
    [{ max: 1 }, 'such as {min'],
    [{ min: '1', max: 2 }, 'such as {min'],
    [{ min: 2, max: 1 }, 'min below max'],
    [{ min: 1, max: 1 }, 'min below max'],
    [{ min: 0, max: 1, log: true }, 'above 0'],
    [{ min: 0, max: 1, steps: 3 }, 'such as {min'],
    [{ min: 0, max: Number.POSITIVE_INFINITY }, 'min below max'],
  ])('such as %o is refused', (range, expected) => {
    const { ranges, issues } = readMatrix({ 'optimizer.learningRate': range }, () => 'x.yaml');
    expect(ranges).toEqual([]);
    expect(issues[0]?.expected).toContain(expected);
  });

  it.each(['strategy', 'data', 'nothing'])('of %s, which is no number, is refused', (key) => {
    const { issues } = readMatrix({ [key]: { min: 0, max: 1 } }, () => 'x.yaml');
    expect(issues[0]?.expected).toContain(`${key} is no number`);
  });

  it('stands at a key within a group, too', () => {
    const { ranges } = readMatrix({ augment: { flip: { min: 0, max: 1 } } }, () => 'x.yaml');
    expect(ranges).toEqual([{ path: 'augment.flip', min: 0, max: 1, log: false, whole: false }]);
  });
});

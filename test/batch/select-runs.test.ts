import { describe, expect, it } from 'vitest';
import { inShard, namedRuns } from '../../src/batch/select-runs.ts';

const runsOf = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `run/${i}` }));
const partsOf = (runs: readonly { name: string }[], count: number) =>
  Array.from({ length: count }, (_, i) => inShard(runs, { index: i + 1, count }));

describe('shards', () => {
  it.each([1, 2, 3, 7])('%i of them have every run once, in the order of the batch', (count) => {
    const runs = runsOf(40);
    const parts = partsOf(runs, count);
    expect(
      parts
        .flat()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(runs.map(({ name }) => name).sort());
    for (const part of parts) expect(runs.filter((run) => part.includes(run))).toEqual(part);
  });

  it('stay what they are when runs are added', () => {
    const before = partsOf(runsOf(30), 4);
    const after = partsOf(runsOf(60), 4);
    before.forEach((part, i) => {
      expect(after[i]).toEqual(expect.arrayContaining(part));
    });
  });

  it('are of about the same size', () => {
    for (const { length } of partsOf(runsOf(1000), 4)) {
      expect(length).toBeGreaterThan(200);
      expect(length).toBeLessThan(300);
    }
  });
});

describe('runs by name', () => {
  it('come in the order of the batch', () => {
    expect(namedRuns(runsOf(5), ['run/3', 'run/1']).runs).toEqual([
      { name: 'run/1' },
      { name: 'run/3' },
    ]);
  });

  it('that are not there are an issue each, with what may have been meant', () => {
    const { issues } = namedRuns(runsOf(5), ['run/1', 'rum/2', 'else']);
    expect(issues.map(({ found }) => found)).toEqual(['rum/2', 'else']);
    expect(issues[0]?.fix).toBe('did you mean "run/2"?');
  });
});

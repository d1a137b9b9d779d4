import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

interface Result {
  readonly file: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** The parts of `table.js` that are used here: the scripts of `npm run test:mutation` have no types. */
interface Table {
  readonly sum: (results: readonly Result[]) => Record<string, number>;
  readonly table: (results: readonly Result[]) => string;
}

const { sum, table } = (await import(fileURLToPath(new URL('table.js', import.meta.url)))) as Table;

const results = [
  { file: 'a.ts', counts: { Killed: 6, Timeout: 1, Survived: 2, NoCoverage: 1, Ignored: 5 } },
  { file: 'b.ts', counts: { Killed: 2, RuntimeError: 1 } },
];

it('the score is the share of mutants that a test noticed, of those that could run', () => {
  const rows = table([...results, { file: 'types.ts', counts: { Ignored: 3 } }]).split('\n');
  expect(rows.slice(2)).toEqual([
    '| a.ts | 6 | 1 | 2 | 1 | 5 | 70.0 % |',
    '| b.ts | 2 | 0 | 0 | 0 | 1 | 100.0 % |',
    '| types.ts | 0 | 0 | 0 | 0 | 3 | none |',
  ]);
});

it('the score of a folder is that of all its mutants', () => {
  const all = sum(results);
  expect(all).toEqual({
    Killed: 8,
    Timeout: 1,
    Survived: 2,
    NoCoverage: 1,
    Ignored: 5,
    RuntimeError: 1,
  });
  expect(table([{ file: 'all', counts: all }])).toMatch(/\| 75\.0 % \|$/);
});

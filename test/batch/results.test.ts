import { describe, expect, it } from 'vitest';
import { csvCell } from '../../src/base/csv-cell.ts';
import { junitOf } from '../../src/batch/junit.ts';
import { batchExit, batchResults, type RunResult } from '../../src/batch/results.ts';
import { csvOf } from '../../src/batch/results-csv.ts';
import { csvLines } from '../../src/cli/actions/predict.ts';

const base: RunResult = {
  ...{ name: 'a', file: 'x.yaml', folder: '/r/a', values: {}, status: 'passed' },
  ...{ reused: false, strategy: 'head', metrics: {}, missed: [], seconds: 1.5 },
};
const gate = { text: 'accuracy < 0.9', metric: 'accuracy', operator: '<', limit: 0.9 } as const;

const RUNS: readonly RunResult[] = [
  { ...base, metrics: { accuracy: 0.8, loss: 0.5 }, values: { seed: 1 } },
  {
    ...{ ...base, name: 'b "2", =c', status: 'gate-missed' },
    ...{ metrics: { accuracy: 0.85, loss: 0.7 }, missed: [{ gate, value: 0.85 }] },
  },
  {
    ...{ ...base, name: 'c', file: 'y.yaml', status: 'failed' },
    error: { kind: 'data', message: '<none> & "no"\nimages\u0007' },
  },
  { ...base, name: 'd', status: 'waiting', seconds: 0 },
];

describe('results of a batch', () => {
  it('rank by the metric: accuracy downwards, loss upwards, unmeasured runs not at all', () => {
    expect(batchResults(RUNS, 'accuracy').ranking).toEqual(['b "2", =c', 'a']);
    expect(batchResults(RUNS, 'loss').ranking).toEqual(['a', 'b "2", =c']);
  });

  it('exit with the failure first, then the gate, then 0', () => {
    expect(batchExit(RUNS)).toBe(3);
    expect(batchExit(RUNS.slice(0, 2))).toBe(4);
    expect(batchExit(RUNS.slice(0, 1))).toBe(0);
    expect(batchExit([{ ...base, status: 'failed' }])).toBe(1);
  });

  it('are a CSV that quotes what has to be quoted', () => {
    expect(csvOf(batchResults(RUNS, 'accuracy')).split('\r\n').slice(0, 3)).toEqual([
      'run,rank,status,strategy,seed,accuracy,loss,seconds,folder,error',
      'a,2,passed,head,1,0.8,0.5,1.500,/r/a,',
      '"b ""2"", =c",1,gate-missed,head,,0.85,0.7,1.500,/r/a,',
    ]);
  });

  it('are a CSV with one column for the strategy, where runs differ in it', () => {
    const run = { ...base, metrics: {}, values: { strategy: 'auto', seed: 1 } };
    expect(
      csvOf(batchResults([run], 'accuracy'))
        .split('\r\n')
        .slice(0, 2),
    ).toEqual([
      'run,rank,status,strategy,seed,seconds,folder,error',
      'a,,passed,head,1,1.500,/r/a,',
    ]);
  });

  it('are a CSV in which no text is a formula, and every number a number', () => {
    expect(
      ['=1+1', '+x', '-2', '-x', '@a', '\t=1', '\uff1d1', '-1e-3', 'a=b', '-'].map(csvCell),
    ).toEqual(["'=1+1", "'+x", '-2', "'-x", "'@a", "'\t=1", "'\uff1d1", '-1e-3', 'a=b', "'-"]);
    expect(csvCell('=cmd|"x"!A0')).toBe(`"'=cmd|""x""!A0"`);
    const label = '=cmd|calc!A0';
    const guesses = [{ label, probability: 0.5 }];
    expect(
      csvLines(
        [
          { path: '@a.png', guesses },
          { path: '+b.png', error: '-c' },
        ],
        1,
      ),
    ).toEqual(['path,label,probability,error', "'@a.png,'=cmd|calc!A0,0.500000,", "'+b.png,,,'-c"]);
  });

  it('are a JUnit report of well-formed XML', () => {
    const xml = junitOf(batchResults(RUNS, 'accuracy'));
    expect(xml).toContain(
      '<testsuites name="vggtune batch" tests="4" failures="1" errors="1" skipped="1" time="4.500">',
    );
    expect(xml).toContain('<failure type="gate" message="accuracy &lt; 0.9: 0.85"></failure>');
    expect(xml).toContain('message="&lt;none&gt; &amp; &quot;no&quot;&#10;images\ufffd"');
    expect(tagsBalance(xml)).toBe(true);
  });
});

/** Every tag is closed in the right order, and no bare `&` or `<` is left. */
function tagsBalance(xml: string): boolean {
  const open: string[] = [];
  const body = xml.replace(/^<\?xml[^>]*\?>/, '');
  for (const [, slash, name] of body.matchAll(
    /<(\/?)([a-z-]+)(?: [a-z]+="[^"<&]*(?:&[a-z#0-9]+;[^"<&]*)*")*>/g,
  )) {
    if (slash === '') open.push(name ?? '');
    else if (open.pop() !== name) return false;
  }
  return open.length === 0 && !/<(?!\/?[a-z])/.test(body);
}

import { describe, expect, it } from 'vitest';
import { dataError, EXIT_CODES, interruptedError } from '../../src/base/errors.ts';
import { bytes, duration, grouped, percent, plural } from '../../src/cli/figures.ts';
import { errorDocument, exitCodeOf, renderError } from '../../src/cli/render-error.ts';
import { classLines, confusionLines } from '../../src/cli/report/metrics.ts';
import { shellWord } from '../../src/cli/shell.ts';
import { table } from '../../src/cli/table.ts';
import { painter } from '../../src/cli/terminal.ts';
import { displayWidth, hang, printable, truncate, wrap } from '../../src/cli/width.ts';
import { ConfigError } from '../../src/config/issues.ts';
import type { MetricsRecord } from '../../src/run/record.ts';

describe('width', () => {
  it.each([
    ['abc', 3],
    ['日本語', 6],
    ['한국', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['ａ', 2],
    ['\u001b[31mred\u001b[39m', 3],
    ['', 0],
  ])('%j takes %d columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('cuts to a width without halving a wide character', () => {
    expect(truncate('abcdef', 4)).toBe('abc…');
    expect(truncate('abcd', 4)).toBe('abcd');
    expect(truncate('日本語', 4)).toBe('日…');
  });

  it('takes out what a terminal would act upon', () => {
    expect(printable('a\u001b[2Jb\nc\u202e')).toBe('a\ufffd[2Jb\ufffdc\ufffd');
  });

  it('breaks between words and indents what follows', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(hang('  one two three', 10)).toEqual(['  one', '    two', '    three']);
    expect(hang('  short', 10)).toEqual(['  short']);
  });
});

describe('table', () => {
  const columns = [
    { header: 'name', shrinks: true },
    { header: 'count', align: 'right' as const },
  ];

  it('aligns columns, wide characters too', () => {
    expect(
      table(
        columns,
        [
          ['cats', '1'],
          ['日本', '20'],
        ],
        80,
      ),
    ).toEqual(['name  count', 'cats      1', '日本     20']);
  });

  it('cuts columns that shrink, so that no line is wider than the terminal', () => {
    const lines = table(columns, [['a very long name indeed', '1']], 20);
    expect(lines[1]).toBe('a very long …      1');
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(20);
  });

  it('leaves out optional columns when cutting is not enough', () => {
    const three = [...columns, { header: 'spare column', optional: true }];
    expect(table(three, [['name', '1', 'x']], 15)[0]).toBe('name  count');
  });
});

describe('figures', () => {
  it('are written for people', () => {
    expect(percent(0.9345)).toBe('93.5 %');
    expect(percent(Number.NaN)).toBe('-');
    expect(grouped(1234567)).toBe('1,234,567');
    expect([9.94, 59.4, 61, 7260].map(duration)).toEqual([
      '9.9 s',
      '59 s',
      '1 min 01 s',
      '2 h 01 min',
    ]);
    expect([999, 58_889_256].map(bytes)).toEqual(['999 B', '58.9 MB']);
    expect([plural(1, 'image'), plural(2, 'class')]).toEqual(['1 image', '2 classes']);
  });

  it('quotes words for a shell only where it must', () => {
    expect(shellWord('runs/a-b_1.x')).toBe('runs/a-b_1.x');
    expect(shellWord("it's here")).toBe("'it'\\''s here'");
  });
});

describe('errors', () => {
  const plain = painter(false);

  it('say what was expected, found, where, and what to do', () => {
    const error = dataError('no images', { expected: 'e', found: 'f', where: 'w', fix: 'x' });
    expect(renderError(error, plain)).toBe(
      'error: no images\n  expected  e\n  found     f\n  where     w\n  to do     x',
    );
    expect(exitCodeOf(error)).toBe(EXIT_CODES.data);
  });

  it('are bugs with a stack when they are not ours', () => {
    const text = renderError(new TypeError('x is not a function'), plain);
    expect(text).toMatch(/^bug: TypeError: x is not a function\n\s+at /);
    expect(text).toContain('Please report it');
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
    expect(exitCodeOf('thrown text')).toBe(1);
  });

  it('do not call an interrupt an error', () => {
    expect(renderError(interruptedError('a checkpoint is kept'), plain)).toBe(
      'stopped: a checkpoint is kept',
    );
  });

  it('are documents for programs, with every issue', () => {
    const issue = { path: 'epochs', where: '--epochs', message: 'not a possible value' };
    expect(errorDocument(new ConfigError([issue]))).toMatchObject({
      error: { kind: 'usage', exitCode: 2, issues: [issue] },
    });
    expect(errorDocument(new Error('x'))).toEqual({
      error: { kind: 'bug', message: 'x', exitCode: 1 },
    });
  });
});

function metricsOf(confusion: number[][]): MetricsRecord {
  const perClass = confusion.map((row, at) => ({
    name: `class ${at + 1}`,
    ...{ precision: 0.5, recall: at / confusion.length, f1: at / confusion.length },
    support: row.reduce((a, b) => a + b, 0),
  }));
  return { version: 1, side: 'test', images: 9, metrics: {}, perClass, confusion };
}

describe('confusion', () => {
  it('is a matrix where it fits', () => {
    expect(
      confusionLines(
        metricsOf([
          [4, 1],
          [0, 4],
        ]),
        80,
      ),
    ).toEqual([
      'is \\ taken for  (1)  (2)',
      '(1) class 1       4    1',
      '(2) class 2       ·    4',
    ]);
  });

  it('is what is taken for what where it does not, the most frequent first', () => {
    const size = 40;
    const matrix: number[][] = Array.from({ length: size }, (_, row) =>
      Array.from({ length: size }, (_, column) => (row === column ? 5 : 0)),
    );
    matrix[3]?.splice(7, 1, 2);
    matrix[1]?.splice(0, 1, 9);
    expect(confusionLines(metricsOf(matrix), 80)).toEqual([
      'is       taken for  images',
      'class 2  class 1         9',
      'class 4  class 8         2',
    ]);
    expect(classLines(metricsOf(matrix), 80).at(-1)).toBe('... and 25 classes with a better F1');
  });

  it('says when there is none', () => {
    const perfect = metricsOf([
      [4, 0],
      [0, 4],
    ]);
    expect(confusionLines(perfect, 10)).toEqual(['no image was taken for another class']);
  });
});

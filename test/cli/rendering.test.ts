import { describe, expect, it } from 'vitest';
import { dataError, EXIT_CODES, interruptedError } from '../../src/base/errors.ts';
import { bytes, duration, grouped, percent, plural } from '../../src/cli/number-formats.ts';
import { errorDocument, exitCodeOf, renderError } from '../../src/cli/render-error.ts';
import { classLines, confusionLines } from '../../src/cli/report/metrics.ts';
import { shellWord } from '../../src/cli/shell.ts';
import { table } from '../../src/cli/table.ts';
import { openTerminal, painter } from '../../src/cli/terminal.ts';
import {
  displayWidth,
  fitted,
  hang,
  harmless,
  harmlessJson,
  printable,
  truncate,
  wrap,
} from '../../src/cli/width.ts';
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

  it('leaves our own colours and lines, and nothing else that a terminal would act upon', () => {
    const painted = painter(true)('red', 'a');
    expect(harmless(`${painted}\nb\u001b[8mc\u001b]0;t\u0007\u2066`)).toBe(
      `${painted}\nb\ufffd[8mc\ufffd]0;t\ufffd\ufffd`,
    );
    const styles = ['bold', 'dim', 'red', 'green', 'yellow'] as const;
    for (const style of styles) {
      const text = painter(true)(style, 'x');
      expect(harmless(text)).toBe(text);
    }
  });

  it('writes JSON with the same values, and nothing that a terminal would act upon', () => {
    const value = { 'a\u202e': ['\u009b2J', 'b\nc\u001b', '日本'], d: { e: 1 } };
    const text = harmlessJson(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    expect(text).toContain('日本');
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

describe('a table that is too wide for the terminal', () => {
  const columns = [
    { header: 'layer' },
    { header: 'output', align: 'right' as const },
    { header: 'parameters', align: 'right' as const },
  ];

  it('has each row on lines of its own, with nothing left out', () => {
    expect(table(columns, [['conv1_1', '64 x 224 x 224', '1,792']], 24)).toEqual([
      'layer',
      'conv1_1',
      '  output 64 x 224 x',
      '    224, parameters',
      '    1,792',
    ]);
  });

  it('cuts paths at their beginning', () => {
    const paths = [{ header: 'image', shrinks: 'left' as const }, ...columns.slice(1)];
    const [, line = ''] = table(paths, [['some/folder/image-17.png', '1', '2']], 38);
    expect(line).toMatch(/^…\S*image-17\.png +1 +2$/);
    expect(displayWidth(line)).toBeLessThanOrEqual(38);
  });
});

describe('text for a terminal', () => {
  it('is wrapped between words, but for commands, which are copied', () => {
    const command = '  vggtune train pictures --backbone vgg16';
    expect(fitted(`  written by vggtune itself\n${command}`, 20)).toBe(
      `  written by\n    vggtune itself\n${command}`,
    );
    expect(fitted('a line that is as wide as it likes', undefined)).toBe(
      'a line that is as wide as it likes',
    );
  });

  it.each([
    [{ LC_ALL: 'C' }, 'a~ . ##--~'],
    [{ LC_ALL: '', LANG: 'POSIX' }, 'a~ . ##--~'],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, 'a~ . ##--~'],
    [{ LC_CTYPE: 'de_DE.ISO-8859-1', LANG: 'C.UTF-8' }, 'a~ . ##--~'],
    [{ LANG: 'C.utf8' }, 'a… · ██░░±'],
    [{}, 'a… · ██░░±'],
  ])('has the symbols that %j can show', (environment, shown) => {
    const request = { json: false, quiet: false, color: false, environment };
    expect(openTerminal(request).symbols('a… · ██░░±')).toBe(shown);
  });
});

describe('figures', () => {
  it('are written for people', () => {
    expect(percent(0.9345)).toBe('93.5 %');
    expect(percent(Number.NaN)).toBe('-');
    expect(grouped(1234567)).toBe('1,234,567');
    expect([0, 0.0001, 0.034, 9.94, 59.4, 61, 7260].map(duration)).toEqual([
      '0.0 s',
      '1 ms',
      '34 ms',
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
  const issueOf = (where: string) => ({ path: '', where, message: 'unknown key' });

  it('say what was expected, found, where, and what to do', () => {
    const error = dataError('no images', { expected: 'e', found: 'f', where: 'w', fix: 'x' });
    expect(renderError(error, plain)).toBe(
      'error: no images\n  expected  e\n  found     f\n  where     w\n  fix       x',
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

  it('take nothing from a file that a terminal would act upon', () => {
    const evil = 'a\u001b[2J\u001b[8mb\u202ec\u009b1A\r\n  fix       run this';
    const error = dataError(evil, { expected: evil, found: evil, where: evil, fix: evil });
    const lines = renderError(error, plain).split('\n');
    const shown = 'a\ufffd[2J\ufffd[8mb\ufffdc\ufffd1A\ufffd';
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe(`error: ${shown}`);
    expect(lines[2]).toBe(`  expected  ${shown}`);
    // A line of ours begins after two spaces, and this one does not.
    expect(lines[3]).toBe(`${' '.repeat(12)}  fix       run this`);
    expect(renderError(new Error(evil), plain)).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    const issues = new ConfigError([issueOf(evil), issueOf('x')]);
    expect(renderError(issues, plain).split('\n')).toEqual([
      'error: 2 problems with the settings:',
      `  ${shown}`,
      `${' '.repeat(4)}  fix       run this: unknown key`,
      '  x: unknown key',
    ]);
  });

  it('are cut where something in a file has megabytes', () => {
    const name = 'x'.repeat(5_000_000);
    const text = renderError(dataError(`tensor ${name} ends`, { found: name, fix: 'y' }), plain);
    expect(text.length).toBeLessThan(10_000);
    expect(text).toMatch(/\[\.\.\. 4996012 characters \.\.\.\]x+ ends\n/);
    expect(renderError(new Error(name), plain).length).toBeLessThan(12_000);
  });

  it('list the first issues, and count the others', () => {
    const issues = Array.from({ length: 2000 }, (_, at) => issueOf(`k${at}`));
    const lines = renderError(new ConfigError(issues), plain).split('\n');
    expect(lines).toHaveLength(52);
    expect(lines[0]).toBe('error: 2000 problems with the settings:');
    expect(lines.slice(-2)).toEqual(['  k49: unknown key', '  and 1950 more']);
    expect(JSON.stringify(errorDocument(new ConfigError(issues))).length).toBeLessThan(10_000);
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
      'true \\ predicted  (1)  (2)',
      '(1) class 1         4    1',
      '(2) class 2         ·    4',
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
      'true class  predicted  images',
      'class 2     class 1         9',
      'class 4     class 8         2',
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

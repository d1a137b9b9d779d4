import { dataError } from '../base/errors.ts';

export interface CsvRow {
  /** The line of the row's first character, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** What may stand between cells: a comma; a semicolon, as Excel writes in many languages; a tab; a vertical bar. */
const SEPARATORS = [',', ';', '\t', '|'] as const;

/**
 * RFC 4180: commas (or semicolons, tabs or vertical bars, where the first line has those and no commas); cells in double quotes
 * may hold commas, line breaks and doubled quotes. A byte order mark, blank lines and spaces around unquoted
 * cells are dropped.
 *
 * @throws VggtuneError (data) at a quote that is never closed or is followed by text
 */
export function parseCsv(text: string, where: string): CsvRow[] {
  // Excel reads and writes a first line that names the separator.
  const [, named, rest] = /^\ufeff?sep=([,;\t|])\r?\n([\s\S]*)$/i.exec(text) ?? [];
  const body = rest ?? text.replace(/^\ufeff/, '');
  const separator = named ?? separatorOf(body);
  const reader: Reader = {
    text: body,
    at: 0,
    line: rest === undefined ? 1 : 2,
    where,
    separator,
    patterns: patternsOf(separator),
  };
  const rows: CsvRow[] = [];
  while (reader.at < reader.text.length) {
    const line = reader.line;
    const cells = readRow(reader);
    if (cells.some((cell) => cell !== '')) rows.push({ line, cells });
  }
  return rows;
}

function separatorOf(text: string): string {
  const [line = ''] = /[^\r\n]+/.exec(text) ?? [];
  const plain = line.replaceAll(/"[^"]*"/g, '');
  return SEPARATORS.find((separator) => plain.includes(separator)) ?? ',';
}

interface Reader {
  readonly text: string;
  at: number;
  line: number;
  readonly where: string;
  readonly separator: string;
  readonly patterns: ReturnType<typeof patternsOf>;
}

function readRow(reader: Reader): string[] {
  const cells: string[] = [];
  for (;;) {
    cells.push(readCell(reader));
    const separator = reader.text[reader.at];
    reader.at++;
    if (separator === reader.separator) continue;
    if (separator === '\r' && reader.text[reader.at] === '\n') reader.at++;
    reader.line++;
    return cells;
  }
}

function readCell(reader: Reader): string {
  const { quoted, plain } = reader.patterns;
  quoted.lastIndex = reader.at;
  plain.lastIndex = reader.at;
  if (!quoted.test(reader.text)) {
    const cell = plain.exec(reader.text)?.[0] ?? '';
    reader.at += cell.length;
    return cell.trim();
  }
  reader.at = quoted.lastIndex;
  return readQuoted(reader);
}

/** What a cell may be: the start of one in quotes and the rest of it, or one without. */
function patternsOf(separator: string) {
  // A tab that separates cells is no space around one.
  const spaces = separator === '\t' ? ' *' : '[ \t]*';
  return {
    quoted: new RegExp(`${spaces}"`, 'y'),
    body: new RegExp(`([^"]*(?:""[^"]*)*)"${spaces}(?=[${separator}\r\n]|$)`, 'y'),
    plain: new RegExp(`[^${separator}\r\n]*`, 'y'),
  };
}

function readQuoted(reader: Reader): string {
  const start = reader.line;
  const { body } = reader.patterns;
  body.lastIndex = reader.at;
  const match = body.exec(reader.text);
  if (match?.[1] === undefined) {
    throw dataError('a quoted cell of the CSV does not end', {
      expected: 'a closing quote, followed by a comma or the end of the line',
      where: `${reader.where}, line ${start}`,
      fix: 'close the quote; a quote inside a quoted cell is written twice',
    });
  }
  reader.at = body.lastIndex;
  reader.line += match[1].split(/\r\n|\r|\n/).length - 1;
  return match[1].replaceAll('""', '"');
}

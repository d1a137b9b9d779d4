import { dataError } from '../base/errors.ts';

export interface CsvRow {
  /** The line of the row's first character, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * RFC 4180: commas, cells in double quotes may hold commas, line breaks and doubled quotes. A byte
 * order mark, blank lines and spaces around unquoted cells are dropped.
 *
 * @throws VggtuneError (data) at a quote that is never closed or is followed by text
 */
export function parseCsv(text: string, where: string): CsvRow[] {
  const reader = { text: text.replace(/^\ufeff/, ''), at: 0, line: 1, where };
  const rows: CsvRow[] = [];
  while (reader.at < reader.text.length) {
    const line = reader.line;
    const cells = readRow(reader);
    if (cells.some((cell) => cell !== '')) rows.push({ line, cells });
  }
  return rows;
}

interface Reader {
  readonly text: string;
  at: number;
  line: number;
  readonly where: string;
}

function readRow(reader: Reader): string[] {
  const cells: string[] = [];
  for (;;) {
    cells.push(readCell(reader));
    const separator = reader.text[reader.at];
    reader.at++;
    if (separator === ',') continue;
    if (separator === '\r' && reader.text[reader.at] === '\n') reader.at++;
    reader.line++;
    return cells;
  }
}

function readCell(reader: Reader): string {
  const quoted = /[ \t]*"/y;
  quoted.lastIndex = reader.at;
  const plain = /[^,\r\n]*/y;
  plain.lastIndex = reader.at;
  if (!quoted.test(reader.text)) {
    const cell = plain.exec(reader.text)?.[0] ?? '';
    reader.at += cell.length;
    return cell.trim();
  }
  reader.at = quoted.lastIndex;
  return readQuoted(reader);
}

function readQuoted(reader: Reader): string {
  const start = reader.line;
  const body = /([^"]*(?:""[^"]*)*)"[ \t]*(?=[,\r\n]|$)/y;
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

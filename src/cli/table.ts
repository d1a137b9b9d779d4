import { displayWidth, pad, truncate, wrap } from './width.ts';

export interface Column {
  readonly header: string;
  readonly align?: 'left' | 'right';
  /** Whether the column may be cut on a narrow terminal. */
  readonly shrinks?: boolean;
  /** Whether the column may be left out when cutting is not enough. */
  readonly optional?: boolean;
}

const GAP = 2;
const NARROWEST_COLUMN = 6;

/**
 * Lays out rows as aligned columns that fit the width: columns that may shrink are cut, the widest first. The
 * header has no styling; the caller may style the first line.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const widths = fitWidths(columns, naturalWidths(columns, rows), width);
  const left = columns.findIndex(({ optional }) => optional);
  if (total(widths) > width && left !== -1) {
    const fewer = rows.map((row) => row.toSpliced(left, 1));
    return table(columns.toSpliced(left, 1), fewer, width);
  }
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align, shrinks }, at) => {
        const space = widths[at] ?? 0;
        const cell = cells[at] ?? '';
        return pad(shrinks === true ? truncate(cell, space) : cell, space, align);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map(({ header }) => header)), ...rows.map(line)];
}

const total = (widths: readonly number[]) => widths.reduce((sum, each) => sum + each + GAP, -GAP);

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ header }, at) =>
    rows.reduce((most, row) => Math.max(most, displayWidth(row[at] ?? '')), displayWidth(header)),
  );
}

function fitWidths(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): number[] {
  const widths = [...natural];
  let over = total(widths) - width;
  while (over > 0) {
    const candidates = widths.flatMap((each, at) =>
      columns[at]?.shrinks === true && each > NARROWEST_COLUMN ? [{ each, at }] : [],
    );
    const widest = candidates.reduce<{ each: number; at: number } | undefined>(
      (most, next) => (most === undefined || next.each > most.each ? next : most),
      undefined,
    );
    if (widest === undefined) return widths;
    widths[widest.at] = widest.each - 1;
    over--;
  }
  return widths;
}

/**
 * Lays out pairs of a name and a text, the names as wide as the widest. With a width, texts are wrapped
 * within their column.
 */
export function facts(
  rows: readonly (readonly [string, string])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const names = Math.max(0, ...rows.map(([name]) => displayWidth(name)));
  return rows.flatMap(([name, value]) => {
    const [first = '', ...others] = wrap(value, width - names - GAP);
    const below = ' '.repeat(names + GAP);
    return [`${pad(name, names)}  ${first}`, ...others.map((line) => below + line)];
  });
}

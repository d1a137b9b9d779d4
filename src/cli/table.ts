import { displayWidth, hang, pad, truncate, wrap } from './width.ts';

export interface Column {
  readonly header: string;
  readonly align?: 'left' | 'right';
  /** Whether the column may be cut on a narrow terminal; `left`: at its beginning, as paths are. */
  readonly shrinks?: boolean | 'left';
  /** Whether the column may be left out when cutting is not enough. */
  readonly optional?: boolean;
}

const GAP = 2;
/** What is left of a name that is cut further tells nobody which one it is. */
const NARROWEST_COLUMN = 12;

/**
 * Lays out rows as aligned columns that fit the width: columns that may shrink are cut, the widest first. Where that
 * is not enough, each row stands on lines of its own. The header has no styling; the caller may style the first line.
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
  if (total(widths) > width) return stacked(columns, rows, width);
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align, shrinks = false }, at) => {
        const space = widths[at] ?? 0;
        const cell = cells[at] ?? '';
        return pad(shrinks === false ? cell : truncate(cell, space, shrinks), space, align);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map(({ header }) => header)), ...rows.map(line)];
}

/** The first cell of each row alone, and below it the others with their names. */
function stacked(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const lines = rows.flatMap(([first = '', ...others]) => {
    const named = others.flatMap((cell, at) =>
      cell === '' ? [] : [`${columns[at + 1]?.header ?? ''} ${cell}`.trim()],
    );
    return [
      ...hang(first, width),
      ...(named.length === 0 ? [] : hang(`  ${named.join(', ')}`, width)),
    ];
  });
  return [columns[0]?.header ?? '', ...lines];
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
      (columns[at]?.shrinks ?? false) !== false && each > NARROWEST_COLUMN ? [{ each, at }] : [],
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

import type { CsvRow } from './csv.ts';
import { kindOfFile } from './file-names.ts';

/** Which column of a list is what. */
export interface ListColumns {
  readonly path: number;
  /** The label; or, where the classes are columns of 0 and 1, those columns. */
  readonly label: number | readonly number[];
  readonly split: number | undefined;
  /** Lists with a header have columns that may be anything else. */
  readonly header: readonly string[] | undefined;
  /** Names of columns that are not used. */
  readonly ignored: readonly string[];
}

/** In the order in which they are looked for: a column that says `file` goes before one that says `id`. */
const PATHS = words(
  'path file_name filename file_path filepath file image_path imagepath image_name imagename image_file image img_path img_name img photo picture name image_id imageid img_id id',
);
const LABELS = words(
  'label class category target labels class_name classname class_label category_name label_name choice breed species diagnosis y class_id category_id label_id',
);
const SPLITS = words('split subset set partition usage fold data_set dataset split_name');
/** What pandas calls the column of its index, in a file or after it was read again. */
const INDEX = /^(unnamed:?_?\d*|index|)$/;

function words(text: string): readonly string[] {
  return text.split(' ');
}

const normal = (cell: string) =>
  cell
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');

/**
 * The columns of a list by its first row: a header with names of paths and labels, or no header, and then path, label
 * and perhaps a split. A header that lacks one of them is told by what it has.
 * @returns what is wrong with the header, as a sentence
 */
export function columnsOf(rows: readonly CsvRow[]): ListColumns | string {
  const cells = rows[0]?.cells ?? [];
  const header = cells.map(normal);
  const path = columnNamed(header, PATHS);
  const label = columnNamed(header, LABELS);
  const others = (used: readonly (number | undefined)[]) =>
    cells.filter((cell, at) => !used.includes(at) && !INDEX.test(normal(cell)));
  const split = columnNamed(header, SPLITS);
  const isHeader = path !== undefined && !cells.some((cell) => kindOfFile(cell) === 'image');
  if (isHeader && label !== undefined && label !== path) {
    return { path, label, split, header: cells, ignored: others([path, label, split]) };
  }
  if (!isHeader) return { path: 0, label: 1, split: 2, header: undefined, ignored: [] };
  const classes = classColumns(rows, [path, split]);
  if (classes !== undefined) return { path, label: classes, split, header: cells, ignored: [] };
  // Two columns, of which only the first has a name that is known: the other can only be the label.
  const [rest, ...more] = cells.flatMap((cell, at) =>
    at === path || at === split || INDEX.test(normal(cell)) ? [] : [at],
  );
  if (rest !== undefined && more.length === 0) {
    return { path, label: rest, split, header: cells, ignored: [] };
  }
  return `the header has no column of labels: ${cells.join(', ')}`;
}

function columnNamed(header: readonly string[], names: readonly string[]): number | undefined {
  for (const name of names) {
    const at = header.indexOf(name);
    if (at >= 0) return at;
  }
  return undefined;
}

/** One column a class with a 1 in the row's own, as Roboflow writes them, or with True, as pandas does. */
function classColumns(
  rows: readonly CsvRow[],
  used: readonly (number | undefined)[],
): readonly number[] | undefined {
  const columns = (rows[0]?.cells ?? []).flatMap((cell, at) =>
    used.includes(at) || INDEX.test(normal(cell)) ? [] : [at],
  );
  const filled = rows.slice(1, 50);
  const zeroOrOne = (column: number) =>
    filled.every(({ cells }) => /^([01](\.0+)?|true|false)$/i.test(cells[column] ?? ''));
  const classes = columns.filter(zeroOrOne);
  return classes.length >= 2 && filled.length > 0 ? classes : undefined;
}

/** The label of a row; undefined where it has none, or more than one. */
export function labelIn({ cells }: CsvRow, { label, header }: ListColumns): string | undefined {
  if (typeof label === 'number') return cells[label];
  const isSet = (cell = '') => Number(cell) === 1 || cell.toLowerCase() === 'true';
  const set = label.filter((column) => isSet(cells[column]));
  return set.length === 1 ? header?.[set[0] ?? 0] : undefined;
}

import { csvCellText } from '../base/csv-cell.ts';
import { dataError, systemWords, VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { type CsvRow, parseCsv } from './csv.ts';
import { decodeText } from './csv-list.ts';
import { printablePath } from './file-names.ts';
import type { DatasetIndex, ImageEntry } from './types.ts';

/** What becomes of an image: it stays as it is, is left out, or gets another class. */
export const DECISIONS = ['keep', 'drop', 'relabel'] as const;
export type DecisionKind = (typeof DECISIONS)[number];

/** The columns of a file of decisions that are read; there may be others. */
export const DECISION_COLUMNS = ['path', 'label', 'decision', 'new_label'] as const;

/** One row of a file of decisions. */
export interface Decision {
  readonly line: number;
  /** As `printablePath` has it. */
  readonly path: string;
  /** The class that the image had when it was decided on. */
  readonly label: string;
  readonly kind: DecisionKind;
  /** The class that a `relabel` gives. */
  readonly newLabel: string;
}

/** The largest file of decisions that is read. */
const MOST_BYTES = 2 ** 28;

/**
 * Reads the decisions about images from a CSV such as `audit.csv`. Rows whose decision is empty say nothing.
 * @throws VggtuneError (data) with every row that is wrong
 */
export async function readDecisions(file: string): Promise<readonly Decision[]> {
  return parseDecisions(decodeText(await bytesOf(file), file), file);
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readPlainFile(file, { most: MOST_BYTES, what: 'a file of decisions' });
  } catch (error) {
    if (error instanceof VggtuneError) throw error;
    throw dataError(`the decisions cannot be read: ${systemWords(error)}`, {
      expected: 'a CSV that `vggtune audit` wrote, or one with its columns',
      where: file,
      fix: 'name a file that exists, or leave --decisions out',
    });
  }
}

/** @throws VggtuneError (data) with every row that is wrong */
export function parseDecisions(text: string, file: string): readonly Decision[] {
  const [header, ...rows] = parseCsv(text, file);
  const names = header?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const missing = DECISION_COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw dataError(`${file} is no file of decisions`, {
      expected: `a header with the columns ${DECISION_COLUMNS.join(', ')}`,
      found: names.slice(0, 8).join(', ') || 'nothing',
      where: file,
      fix: `add ${missing.join(', ')}, or write the file with \`vggtune audit\``,
    });
  }
  const at = Object.fromEntries(DECISION_COLUMNS.map((name) => [name, names.indexOf(name)]));
  const decided: Decision[] = [];
  const problems: string[] = [];
  for (const row of rows) {
    const read = decisionOf(row, at);
    if (typeof read === 'string') problems.push(`line ${row.line}: ${read}`);
    else if (read !== undefined) decided.push(read);
  }
  problems.push(...contradictions(decided));
  if (problems.length > 0) throw badRows(file, problems);
  return decided;
}

/** @returns nothing where the row decides nothing, or what is wrong with it */
function decisionOf(
  { line, cells }: CsvRow,
  at: Readonly<Record<string, number>>,
): Decision | string | undefined {
  const text = (name: (typeof DECISION_COLUMNS)[number]) =>
    csvCellText(cells[at[name] ?? -1] ?? '');
  const word = text('decision').toLowerCase();
  if (word === '') return undefined;
  const kind = DECISIONS.find((name) => name === word);
  if (kind === undefined) return `decision is ${word}, expected ${DECISIONS.join(', ')} or nothing`;
  const [path, label, newLabel] = [text('path'), text('label'), text('new_label')];
  if (path === '') return 'no path';
  if (label === '') return 'no label';
  if (kind === 'relabel' && newLabel === '') return 'relabel, and no new_label';
  return { line, path, label, kind, newLabel };
}

/** An image may have several rows, one for each of its problems; they must want the same. */
function contradictions(decided: readonly Decision[]): string[] {
  const first = new Map<string, Decision>();
  return decided.flatMap((decision) => {
    const before = first.get(decision.path);
    if (before === undefined) first.set(decision.path, decision);
    if (before === undefined || wish(before) === wish(decision)) return [];
    return [
      `line ${decision.line}: ${decision.path} is ${wish(decision)} here and ${wish(before)} in line ${before.line}`,
    ];
  });
}

const wish = ({ kind, newLabel }: Decision) =>
  kind === 'relabel' ? `${kind} to ${newLabel}` : kind;

/**
 * A data set as decisions want it: without the images that are dropped, and with the new classes of the others. An
 * image that is gone, or has another class than when it was decided on, is left as it is, with a warning.
 * @throws VggtuneError (data) where a new class is unknown, a class is left without images, or no row fits the data
 */
export function withDecisions(
  index: DatasetIndex,
  decided: readonly Decision[],
  { file, emit }: { readonly file: string; readonly emit?: Emit },
): DatasetIndex {
  const wishes = new Map(decided.map((decision) => [decision.path, decision]));
  refuseUnknownClasses(index, decided, file);
  let followed = 0;
  const images = index.images.flatMap((image): ImageEntry[] => {
    const decision = wishes.get(printablePath(image.path));
    if (decision === undefined || decision.label !== index.classes[image.label]) return [image];
    followed++;
    if (decision.kind === 'drop') return [];
    if (decision.kind === 'keep') return [image];
    return [{ ...image, label: index.classes.indexOf(decision.newLabel) }];
  });
  warnOfStale({ followed, wanted: wishes.size, file, emit });
  refuseEmptyClasses({ ...index, images }, file);
  return { ...index, images };
}

function refuseUnknownClasses(
  { classes }: DatasetIndex,
  decided: readonly Decision[],
  file: string,
): void {
  const problems = decided
    .filter(({ kind, newLabel }) => kind === 'relabel' && !classes.includes(newLabel))
    .map(({ line, newLabel }) => `line ${line}: new_label is ${newLabel}, which is no class`);
  if (problems.length > 0) throw badRows(file, problems, `a class: ${classes.join(', ')}`);
}

function warnOfStale(of: {
  readonly followed: number;
  readonly wanted: number;
  readonly file: string;
  readonly emit: Emit | undefined;
}): void {
  const { followed, wanted, file, emit } = of;
  const stale = wanted - followed;
  if (stale === 0) return;
  if (followed === 0) {
    throw dataError('no decision is about an image of this folder', {
      expected: 'paths relative to the folder of images, and the labels that they have now',
      found: `${wanted} rows about other images, or other labels`,
      where: file,
      fix: 'name the file that `vggtune audit` wrote for this folder, or leave --decisions out',
    });
  }
  emit?.({
    type: 'warning',
    code: 'decisions-stale',
    message: `${stale} of ${wanted} decisions of ${file} are not followed: the image is gone, or has another label by now`,
  });
}

function refuseEmptyClasses({ classes, images }: DatasetIndex, file: string): void {
  const present = new Set(images.map(({ label }) => label));
  const empty = classes.filter((_, label) => !present.has(label));
  if (empty.length === 0) return;
  throw dataError(`the decisions leave no image of ${empty.join(', ')}`, {
    expected: 'at least one image of each class',
    where: file,
    fix: 'keep one of its images, or take the whole class out of the data',
  });
}

function badRows(file: string, problems: readonly string[], expected?: string) {
  const shown = problems.slice(0, 10);
  const more = problems.length - shown.length;
  return dataError(`${problems.length} rows of the decisions cannot be followed`, {
    expected: expected ?? `${DECISIONS.join(', ')} or nothing as decision, a class as new_label`,
    found: shown.join('; ') + (more > 0 ? `; and ${more} more` : ''),
    where: file,
    fix: 'correct these lines',
  });
}

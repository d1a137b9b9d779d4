import { csvCell } from '../base/csv-cell.ts';
import type { AuditFindings } from './findings.ts';

/** The columns of `audit.csv`; `--decisions` reads the path, the label, and the last two. */
export const AUDIT_COLUMNS = [
  'path',
  'label',
  'problem',
  'likely',
  'score',
  'note',
  'decision',
  'new_label',
] as const;

/** One row: an image and one of its problems. */
export interface AuditRow {
  readonly path: string;
  readonly label: string;
  readonly problem: 'label' | 'copy' | 'leak' | 'outlier' | 'blank' | 'dark' | 'tiny' | 'blurred';
  /** The class that it probably is; empty where that is not known. */
  readonly likely: string;
  /** How probable it is that a label is wrong; how far out an outlier is. */
  readonly score: number | undefined;
  readonly note: string;
}

/** Every image with a problem, a row for each of them: labels first. */
export function auditRows(findings: AuditFindings): readonly AuditRow[] {
  const { suspects, copies, outliers, looks } = findings;
  const likely = new Map(suspects.map((suspect) => [suspect.path, suspect.likely]));
  return [
    ...suspects.map(({ path, label, likely: other, wrong, probability }): AuditRow => {
      const note = `${other} ${(100 * probability).toFixed(0)} %`;
      return { path, label, problem: 'label', likely: other, score: rounded(wrong), note };
    }),
    ...copies.flatMap(({ images, labelsDiffer, isLeak }) =>
      labelsDiffer || isLeak
        ? images.map(({ path, label, side }): AuditRow => {
            const same = `same as ${othersOf(path, images)}`;
            const note = isLeak ? `${same}; in subset ${side ?? 'train'}` : same;
            const problem = labelsDiffer ? 'copy' : 'leak';
            return { path, label, problem, likely: likely.get(path) ?? '', score: undefined, note };
          })
        : [],
    ),
    ...outliers.map(
      ({ path, label, score }): AuditRow => ({
        path,
        label,
        problem: 'outlier',
        likely: '',
        score: rounded(score),
        note: 'like no other image',
      }),
    ),
    ...looks.map(
      ({ path, label, look, width, height }): AuditRow => ({
        path,
        label,
        problem: look,
        likely: '',
        score: undefined,
        note: `${width} x ${height}`,
      }),
    ),
  ];
}

/** How many copies of an image a row names: a placeholder can stand for thousands of images. */
const NAMED = 5;

function othersOf(path: string, images: AuditFindings['copies'][number]['images']): string {
  const first = images.slice(0, NAMED + 1).filter((image) => image.path !== path);
  const named = first.slice(0, NAMED).map((image) => image.path);
  const rest = images.length - 1 - named.length;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Six digits are enough to tell scores apart. */
const rounded = (score: number) => Number(score.toFixed(6));

/**
 * `audit.csv`: the decision is empty, which keeps the image as it is. The new label is the likely one, so that
 * `relabel` is all that has to be written.
 */
export function auditCsv(rows: readonly AuditRow[]): string {
  const lines = rows.map(({ path, label, problem, likely, score, note }) => [
    ...[path, label, problem, likely, score === undefined ? '' : String(score)],
    ...[note, '', likely],
  ]);
  return `${[[...AUDIT_COLUMNS], ...lines].map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}

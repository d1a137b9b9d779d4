import type { AuditRow } from '../../audit/audit-csv.ts';
import { groupBy } from '../../base/group-by.ts';
import { percent } from '../../base/number-formats.ts';
import { html, type Markup } from '../markup.ts';
import type { Thumbnail } from '../thumbnails.ts';
import { name, webp } from '../view.ts';

/** All that is odd about one image, in the order of the rows. */
export interface Suspicions {
  readonly path: string;
  readonly label: string;
  readonly rows: readonly AuditRow[];
}

/** The rows of each image, in the order of the first ones. */
export function suspicions(rows: readonly AuditRow[]): readonly Suspicions[] {
  const byPath = groupBy(rows, ({ path }) => path);
  return [...byPath].map(([path, own]) => ({ path, label: own[0]?.label ?? '', rows: own }));
}

/** An image with its problems and what can be decided about it. */
export function cardOf(
  { path, label, rows }: Suspicions,
  thumbnails: ReadonlyMap<string, Thumbnail>,
): Markup {
  const likely = rows.find((row) => row.likely !== '')?.likely ?? '';
  const choices = ['keep', 'relabel', 'drop'].map(
    (choice) =>
      html`<button type="button" data-choice="${choice}" aria-pressed="false">${choice}</button>`,
  );
  return html`<li class="suspect" tabindex="0" data-path="${path}" data-label="${label}">
<div class="pictures">${thumbnail(thumbnails.get(path))}</div>
<p class="path">${name(path)}</p>
<p>label: <b>${name(label)}</b></p>
${rows.map(problem)}<div class="choices" role="group" aria-label="decision about ${path}">${choices}</div>
<input class="new-label" list="classes" value="${likely}" aria-label="new class of ${path}" placeholder="another class">
</li>
`;
}

function problem({ problem: kind, likely, score, note }: AuditRow): Markup {
  if (kind === 'label') {
    return html`<p class="wrong">${percent(score ?? 0)} wrong; perhaps <b>${name(likely)}</b></p>
`;
  }
  return html`<p class="wrong">${kind}: ${name(note)}</p>
`;
}

export function thumbnail(found: Thumbnail | undefined): Markup {
  if (found === undefined || 'reason' in found) {
    return html`<span class="absent">${found?.reason ?? 'left out for space'}</span>`;
  }
  return html`<img src="${webp(found.webp)}" alt="">`;
}

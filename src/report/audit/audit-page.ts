import { basename } from 'node:path';
import type { AuditRow } from '../../audit/audit-csv.ts';
import type { AuditReport } from '../../audit/findings.ts';
import { percent, plural } from '../../base/number-formats.ts';
import type { DatasetIndex } from '../../dataset/types.ts';
import { html, jsonMarkup, type Markup } from '../markup.ts';
import { imageReader } from '../run-images.ts';
import { pageShell } from '../shell.ts';
import { makeThumbnails, type Thumbnail } from '../thumbnails.ts';
import { facts, name } from '../view.ts';
import { cardOf, type Suspicions, suspicions } from './cards.ts';
import { broken, copies, pairs } from './lists.ts';

/** What a page about an audit shows. */
export type AuditView = Omit<AuditReport, 'csv' | 'page'> & { readonly rows: readonly AuditRow[] };

/** The bytes that a page may have, and how many of them thumbnails may have in all; base64 makes a third more of these. */
const PAGE_BYTES = 4_800_000;
const MOST_BYTES = 2_400_000;
const LEAST_BYTES = 300_000;
/** The most thumbnails, and the most cards of a section. */
const MOST_IMAGES = 600;
/** The bytes of a card without its thumbnail. */
const CARD_BYTES = 1200;

/**
 * The page of an audit: every suspect with its thumbnail, to be kept, given another class or dropped with a key, and a
 * button that saves the decisions as a CSV. It needs no network, and sends nothing.
 */
export async function auditPage(
  view: AuditView,
  { index, background }: { readonly index: DatasetIndex; readonly background: string },
): Promise<string> {
  const all = suspicions(view.rows);
  const copied = view.copies.flatMap(({ images }) => images.map(({ path }) => path));
  const paths = [...new Set([...all.map(({ path }) => path), ...copied])];
  const rows = jsonMarkup(packed(view.rows));
  const cards = Math.min(all.length, TITLES.length * MOST_IMAGES);
  const left = 0.75 * (PAGE_BYTES - rows.text.length - CARD_BYTES * cards);
  const mostBytes = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, left));
  const thumbnails = await makeThumbnails({
    background,
    mostBytes,
    until: Number.POSITIVE_INFINITY,
    readImage: imageReader(index.images, index.root),
    paths: paths.slice(0, MOST_IMAGES),
  });
  return pageShell({
    title: `audit of ${basename(view.folder)}`,
    heading: html`Audit of ${name(basename(view.folder))}`,
    files: { styles: ['page.css', 'audit.css'], script: 'audit.js' },
    body: html`<main id="content">
${summary(view)}${sections(all, thumbnails)}${copies(view.copies, thumbnails)}${pairs(view.pairs)}${broken(view.broken)}</main>
<datalist id="classes">${view.classes.map((each) => html`<option value="${each}"></option>`)}</datalist>
<script type="application/json" id="rows">${rows}</script>
`,
  });
}

/** The rows as the page's script takes them, each image named once: there can be tens of thousands. */
function packed(rows: readonly AuditRow[]) {
  const places = new Map<string, number>();
  const images: [path: string, label: string][] = [];
  const short = rows.map(({ path, label, problem, likely, score, note }) => {
    const at = places.get(path) ?? images.push([path, label]) - 1;
    places.set(path, at);
    return [at, problem, likely, score ?? null, note];
  });
  return { images, rows: short };
}

function summary(view: AuditView): Markup {
  const { labels, suspects } = view;
  const judged =
    labels === null
      ? 'too few images to judge labels by'
      : `about ${Math.round(labels.wrong)} of ${view.images} are wrong; ${suspects.length} are listed`;
  const how =
    labels === null
      ? ''
      : `${percent(labels.agreement)} of the labels agree with those of ${labels.fits} fits that have not seen the image`;
  return html`<section aria-labelledby="summary-title"><h2 id="summary-title">Summary</h2>
${facts([
  ['data', name(view.folder)],
  ['images', `${plural(view.images, 'image')} in ${plural(view.classes.length, 'class')}`],
  ['labels', judged],
  ['agreement', how],
  ['network', view.backbone],
  ['weights', view.weights],
])}
<p>Choose an image (Tab), then press <kbd>k</kbd> to keep its label, <kbd>r</kbd> to give it the class in its field, <kbd>d</kbd> to drop it, <kbd>u</kbd> to undo. Save the decisions, and follow them with <code>vggtune train FOLDER <span class="nobr">--decisions</span> audit.csv</code>. No image is changed.</p>
<p class="bar-of-decisions"><button type="button" id="save">Save decisions</button> <output id="count">nothing decided yet</output></p>
</section>
`;
}

const TITLES: readonly (readonly [AuditRow['problem'][], string, string])[] = [
  [
    ['label'],
    'Labels that may be wrong',
    'The surest first, by fits that have not seen the image.',
  ],
  [
    ['copy', 'leak'],
    'Copies',
    'Images that show nearly the same, and have different labels or are in different subsets.',
  ],
  [['outlier'], 'Out of place', 'Images that are like no other, the farthest first.'],
  [['blank', 'dark', 'tiny', 'blurred'], 'Hard to see', 'Blank, dark, tiny or blurred images.'],
];

function sections(
  all: readonly Suspicions[],
  thumbnails: ReadonlyMap<string, Thumbnail>,
): readonly Markup[] {
  return TITLES.map(([problems, title, text], at) => {
    // An image is decided on once, where its first problem is.
    const own = all.filter(({ rows: [first] }) => first && problems.includes(first.problem));
    const shown = own.slice(0, MOST_IMAGES);
    const more = own.length - shown.length;
    const body =
      own.length === 0
        ? html`<p>None were found.</p>`
        : html`<p>${text}</p><ul class="gallery suspects">${shown.map((each) => cardOf(each, thumbnails))}</ul>
${more > 0 ? html`<p>And ${plural(more, 'other image')}; audit.csv lists all.</p>` : undefined}`;
    return html`<section aria-labelledby="part-${at}"><h2 id="part-${at}">${title}${own.length > 0 ? ` (${own.length})` : ''}</h2>
${body}</section>
`;
  });
}

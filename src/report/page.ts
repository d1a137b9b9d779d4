import type { ImageChoice } from './image-choice.ts';
import { html, jsonMarkup, type Markup } from './markup.ts';
import { classes } from './sections/classes.ts';
import { comparison } from './sections/comparison.ts';
import { confusion } from './sections/confusion.ts';
import { curves } from './sections/curves.ts';
import { data } from './sections/data.ts';
import { images } from './sections/images.ts';
import { reliability } from './sections/reliability.ts';
import { evidence, repeat } from './sections/repeat.ts';
import { summary } from './sections/summary.ts';
import { pageShell } from './shell.ts';
import { name, type RunView } from './view.ts';

const PARTS: readonly (readonly [string, (view: RunView) => Markup | undefined])[] = [
  ['summary', summary],
  ['curves', curves],
  ['confusion', confusion],
  ['classes', classes],
  ['worst', images],
  ['reliability', reliability],
  ['data', data],
  ['evidence', evidence],
  ['repeat', repeat],
];

/** Names of the parts in the navigation. */
const LABELS: Readonly<Record<string, string>> = {
  summary: 'Summary',
  curves: 'Course',
  confusion: 'Mix-ups',
  classes: 'Classes',
  worst: 'Worst images',
  reliability: 'Reliability',
  data: 'Left out',
  evidence: 'Strategy',
  repeat: 'Repeat',
};

/** One page about some runs, with all that it needs inside. */
export async function reportPage(views: readonly RunView[]): Promise<string> {
  const title = views.map(({ run }) => run.name).join(', ');
  return pageShell({
    title,
    heading: views.length === 1 ? name(title) : html`${views.length} runs`,
    files: { styles: ['page.css'], script: 'page.js' },
    body: html`<main id="content">
${views.length > 1 ? comparison(views) : undefined}${views.map((view) => runPart(view, views.length === 1))}</main>
<dialog id="cell" aria-labelledby="cell-title"><form method="dialog"><h2 class="cell-title" id="cell-title"></h2><button class="close" autofocus>Close</button></form><ul class="gallery"></ul><p class="rest"></p></dialog>
<script type="application/json" id="cells">${jsonMarkup(cellData(views))}</script>
`,
  });
}

function runPart(view: RunView, isAlone: boolean): Markup {
  const parts = PARTS.flatMap(([key, part]) => {
    const markup = part(view);
    return markup === undefined ? [] : [{ key, markup }];
  });
  const links = parts.map(
    ({ key }) => html`<li><a href="#${view.id}-${anchor(key)}">${LABELS[key] ?? key}</a></li>`,
  );
  return html`<article id="${view.id}" class="${isAlone ? 'alone' : ''}" aria-labelledby="${view.id}-name">
<h2 class="run" id="${view.id}-name">${name(view.run.name)}</h2>
<nav aria-label="parts of ${view.run.name}"><ul>${links}</ul></nav>
${parts.map(({ markup }) => markup)}</article>
`;
}

const anchor = (key: string) => (key === 'data' ? 'skipped' : key);

/** What the page's script shows of each cell of a confusion matrix. */
function cellData(views: readonly RunView[]) {
  return Object.fromEntries(
    views.map((view) => [view.id, view.choice === undefined ? [] : cellsOf(view, view.choice)]),
  );
}

function cellsOf({ thumbnails }: RunView, { worst, leastSure, cells }: ImageChoice) {
  // These stand in the page already.
  const inPage = new Set([...worst, ...leastSure].map(({ path }) => path));
  return cells.map(({ is, taken, count, shown }) => ({
    is,
    taken,
    count,
    images: shown.map(({ path, guesses: [first], loss }) => {
      const thumbnail = thumbnails.get(path);
      const isNew = thumbnail !== undefined && 'webp' in thumbnail && !inPage.has(path);
      return {
        path,
        loss,
        probability: first?.probability ?? null,
        ...(isNew && { webp: thumbnail.webp.toString('base64') }),
        ...(thumbnail !== undefined && 'reason' in thumbnail && { reason: thumbnail.reason }),
      };
    }),
  }));
}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ImageChoice } from './image-choice.ts';
import { html, jsonMarkup, type Markup, trusted } from './markup.ts';
import { GENERATOR } from './own-page.ts';
import { classes } from './sections/classes.ts';
import { comparison } from './sections/comparison.ts';
import { confusion } from './sections/confusion.ts';
import { curves } from './sections/curves.ts';
import { data } from './sections/data.ts';
import { images } from './sections/images.ts';
import { reliability } from './sections/reliability.ts';
import { evidence, repeat } from './sections/repeat.ts';
import { summary } from './sections/summary.ts';
import { name, type RunView } from './view.ts';

/** The style and the script of the page, which become part of it. */
const ASSETS = new URL('../../assets/report/', import.meta.url);

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
  ...{ summary: 'Summary', curves: 'Course', confusion: 'Mix-ups', classes: 'Classes' },
  ...{ worst: 'Worst images', reliability: 'Reliability', data: 'Left out' },
  ...{ evidence: 'Strategy', repeat: 'Repeat' },
};

/**
 * One page about some runs, with all that it needs inside. Its policy lets it load nothing and run no script but its
 * own, whatever stands in the names of files.
 */
export async function reportPage(views: readonly RunView[]): Promise<string> {
  const [style, script] = await Promise.all(
    ['page.css', 'page.js'].map((file) => readFile(new URL(file, ASSETS), 'utf8')),
  );
  const hash = createHash('sha256')
    .update(script ?? '')
    .digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const title = views.map(({ run }) => run.name).join(', ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="${GENERATOR}">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title} - vggtune</title>
<style>${trusted(style ?? '')}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><h1>${views.length === 1 ? name(title) : html`${views.length} runs`}</h1></header>
<main id="content">
${views.length > 1 ? comparison(views) : undefined}${views.map((view) => runPart(view, views.length === 1))}</main>
<dialog id="cell" aria-labelledby="cell-title"><form method="dialog"><h2 class="cell-title" id="cell-title"></h2><button class="close" autofocus>Close</button></form><ul class="gallery"></ul><p class="rest"></p></dialog>
<script type="application/json" id="cells">${jsonMarkup(cellData(views))}</script>
<script>${trusted(script ?? '')}</script>
</body>
</html>
`;
  return page.text;
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
    ...{ is, taken, count },
    images: shown.map(({ path, guesses: [first], loss }) => {
      const thumbnail = thumbnails.get(path);
      const isNew = thumbnail !== undefined && 'webp' in thumbnail && !inPage.has(path);
      return {
        ...{ path, loss, probability: first?.probability ?? null },
        ...(isNew && { webp: thumbnail.webp.toString('base64') }),
        ...(thumbnail !== undefined && 'reason' in thumbnail && { reason: thumbnail.reason }),
      };
    }),
  }));
}

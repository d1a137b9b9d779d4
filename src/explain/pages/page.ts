import type { Tensor } from '../../base/tensor.ts';
import { html, type Markup } from '../../report/markup.ts';
import { pageShell } from '../../report/shell.ts';
import { name } from '../../report/view.ts';
import { kernelPictures } from '../drawings/kernel-pictures.ts';
import { svg } from '../drawings/svg.ts';
import type { Explained } from '../lesson.ts';
import { short, square } from '../numbers.ts';
import { pointsOf } from '../points.ts';
import { type LessonTable, tablesOf } from '../tables.ts';
import { type Figure, figuresOf } from './figures.ts';

const TITLES: Readonly<Record<Explained['lesson']['topic'], string>> = {
  'receptive-field': 'Receptive field',
  kernels: 'Kernels',
  dense: 'Dense layers',
  strategies: 'The four strategies',
};

/**
 * A page that explains one side of a network, with all that it needs inside.
 * @param kernels of the first convolution, [out, 3, k, k] for RGB, where there are pretrained ones
 */
export function lessonPage(explained: Explained, kernels?: Tensor): Promise<string> {
  const { lesson, what, size, totals } = explained;
  const title = TITLES[lesson.topic];
  const figures = figuresOf(explained);
  const learned = kernels === undefined ? [] : [pictures(kernels)];
  return pageShell({
    title: `${title} of ${explained.subject}`,
    heading: html`${title}`,
    files: { styles: ['page.css', 'explain.css'] },
    body: html`<main id="content">
<p>${name(what)}; input ${square(size)} pixels, ${short(totals.parameters)} parameters, ${short(totals.macs)} multiply-adds an image.</p>
<section aria-label="What it shows"><ul class="points">${pointsOf(lesson).map((point) => html`<li>${withCode(point)}</li>`)}</ul></section>
${[...figures, ...learned].map(figure)}${tablesOf(lesson).map(table)}</main>
`,
  });
}

function figure({ title, drawings }: Figure): Markup {
  return html`<section class="drawn"><h2>${title}</h2><div class="charts">${drawings.map(
    ({ caption, drawing }) =>
      html`<figure>${svg(drawing)}<figcaption>${caption}</figcaption></figure>`,
  )}</div></section>
`;
}

function pictures(kernels: Tensor): Figure {
  const drawing = kernelPictures(kernels);
  const caption = `What each of the ${kernels.shape[0]} kernels looks for in red, green and blue: edges of several directions, and colours. Grey is zero; each has a scale of its own.`;
  return {
    title: 'The kernels of conv1_1, as they were learned',
    drawings: [{ caption, drawing }],
  };
}

function table({ title, columns, rows }: LessonTable): Markup {
  const cell = (at: number) => (columns[at]?.align === 'right' ? 'number' : '');
  const head = columns.map(
    ({ header }, at) => html`<th scope="col" class="${cell(at)}">${header}</th>`,
  );
  const body = rows.map(
    ([first = '', ...others]) =>
      html`<tr><th scope="row">${first}</th>${others.map((text, at) => html`<td class="${cell(at + 1)}">${text}</td>`)}</tr>
`,
  );
  return html`<section><h2>${title}</h2><div class="scroll" tabindex="0" role="group" aria-label="${title}"><table>
<thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div></section>
`;
}

/** A sentence as markup, with what is a command, between backquotes, set as such. */
function withCode(sentence: string): Markup {
  // A number and its unit stay on one line.
  const parts = sentence.replace(/(\d) (?=[kMGT%] ?|x \d)/g, '$1\u00a0').split('`');
  return html`${parts.map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`;
}

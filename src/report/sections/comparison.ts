import { duration } from '../../base/number-formats.ts';
import { html, type Markup } from '../markup.ts';
import { name, type RunView } from '../view.ts';
import { figuresOf, measuredOn } from './summary.ts';

type Fact = (run: RunView['run']) => string | undefined;

/** Rows below those of the metrics. */
const FACTS: readonly (readonly [term: string, text: Fact])[] = [
  ['measured on', ({ metrics }) => metrics && measuredOn(metrics)],
  ['network', ({ config }) => config && `${config.backbone}, head ${config.head}`],
  ['strategy', ({ plan }) => plan?.strategy],
  ['took', ({ events }) => events && duration(events.seconds)],
  ['data', ({ config }) => config?.data],
];

/** Several runs beside each other, a column for each. */
export function comparison(views: readonly RunView[]): Markup {
  const figures = views.map(({ run }) => figuresOf(run));
  const terms = [...new Set(figures.flat().map(({ term }) => term))];
  const head = views.map(
    ({ run, id }) => html`<th scope="col"><a href="#${id}">${name(run.name)}</a></th>`,
  );
  const row = (term: string, cells: readonly (Markup | string)[]) =>
    html`<tr><th scope="row">${term}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
  return html`<section id="comparison" aria-labelledby="comparison-title">
<h2 id="comparison-title">Beside each other</h2>
<div class="scroll" tabindex="0" role="group" aria-label="comparison of runs"><table>
<thead><tr><td></td>${head}</tr></thead>
<tbody>${terms.map((term) =>
    row(
      term,
      figures.map((all) => cell(all, term)),
    ),
  )}${FACTS.map(([term, text]) =>
    row(
      term,
      views.map(({ run }) => text(run) ?? '-'),
    ),
  )}</tbody></table></div>
${sameImages(views)}
</section>
`;
}

function cell(figures: ReturnType<typeof figuresOf>, term: string): Markup {
  const found = figures.find((each) => each.term === term);
  if (found === undefined) return html`-`;
  const interval =
    found.interval === undefined ? undefined : html` <small>${found.interval}</small>`;
  return html`<b>${found.value}</b>${interval}`;
}

/** Figures of different images are no comparison. */
function sameImages(views: readonly RunView[]): Markup | undefined {
  const measured = views.map(({ run }) =>
    JSON.stringify(run.predictions?.map(({ path }) => path).sort() ?? null),
  );
  return new Set(measured).size === 1
    ? undefined
    : html`<p class="note">These runs were not all measured on the same images, so that their figures are not strictly comparable.</p>`;
}

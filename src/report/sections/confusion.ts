import { grouped, plural } from '../../base/number-formats.ts';
import type { MetricsRecord } from '../../run/record.ts';
import { html, type Markup } from '../markup.ts';
import { isSmall, name, type RunView, section } from '../view.ts';

/** The number of classes up to which the whole matrix is shown; beyond it, the most frequent mix-ups. */
const WHOLE = 40;
const LISTED = 60;

export function confusion(view: RunView): Markup | undefined {
  const { metrics } = view.run;
  if (metrics === undefined) return undefined;
  const isWhole = metrics.perClass.length <= WHOLE;
  const hints = [
    ...(isWhole ? ['Rows are the true classes, columns the predicted ones.'] : []),
    ...(view.choice === undefined ? [] : ['Each number opens the images behind it.']),
  ];
  return section(view, {
    name: 'confusion',
    title: 'What is taken for what',
    isHalf: isSmall(metrics),
    body: html`<p>${hints.join(' ')}</p>${isWhole ? matrix(metrics, view) : mixUps(metrics, view)}`,
  });
}

function matrix({ perClass, confusion: counts }: MetricsRecord, view: RunView): Markup {
  const names = perClass.map((each) => each.name);
  const head = names.map(
    (each) => html`<th scope="col" title="${each}"><span class="turned">${name(each)}</span></th>`,
  );
  const rows = counts.map((row, is) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count, taken) =>
      count === 0
        ? html`<td></td>`
        : html`<td class="${is === taken ? 'right' : 'wrong'}" style="--share:${(count / total).toFixed(3)}">${cellButton({ is: names[is] ?? '', taken: names[taken] ?? '', count }, view)}</td>`,
    );
    return html`<tr><th scope="row" title="${names[is]}"><span class="name">${name(names[is] ?? '')}</span></th>${cells}</tr>
`;
  });
  return html`<div class="scroll" tabindex="0" role="group" aria-label="confusion matrix"><table class="matrix">
<thead><tr><td></td>${head}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

interface Count {
  readonly is: string;
  readonly taken: string;
  readonly count: number;
}

/** A number that opens the images of its cell, where these are known. */
function cellButton({ is, taken, count }: Count, { choice, id }: RunView): Markup {
  const at = choice?.cells.findIndex((cell) => cell.is === is && cell.taken === taken) ?? -1;
  const text = grouped(count);
  if (at === -1) return html`${text}`;
  const label = `${plural(count, 'image')} of ${is}, predicted as ${taken}`;
  return html`<button type="button" data-cell="${id} ${at}" aria-label="${label}">${text}</button>`;
}

function mixUps({ perClass, confusion: counts }: MetricsRecord, view: RunView): Markup {
  const names = perClass.map((each) => each.name);
  const wrong = counts.flatMap((row, is) =>
    row.flatMap((count, taken) =>
      is !== taken && count > 0 ? [{ is: names[is] ?? '', taken: names[taken] ?? '', count }] : [],
    ),
  );
  if (wrong.length === 0) return html`<p>No image was taken for another class.</p>`;
  wrong.sort((a, b) => b.count - a.count);
  const rows = wrong.slice(0, LISTED).map(
    (
      each,
    ) => html`<tr><td>${name(each.is)}</td><td>${name(each.taken)}</td><td class="number">${cellButton(each, view)}</td></tr>
`,
  );
  const left = wrong.length - rows.length;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="mix-ups"><table>
<caption>The most frequent mix-ups of ${perClass.length} classes.</caption>
<thead><tr><th scope="col">true class</th><th scope="col">predicted</th><th scope="col" class="number">images</th></tr></thead>
<tbody>${rows}</tbody></table></div>
${left > 0 ? html`<p>${plural(left, 'other mix-up')} not shown.</p>` : undefined}`;
}

import { grouped, plural } from '../../base/number-formats.ts';
import { wilsonInterval } from '../../metrics/wilson.ts';
import type { MetricsRecord } from '../../run/record.ts';
import { html, type Markup } from '../markup.ts';
import { isSmall, name, percent, type RunView, section } from '../view.ts';

const SHOWN = 30;

/** Precision, recall and F1 of each class, the worst first. */
export function classes(view: RunView): Markup | undefined {
  const { metrics } = view.run;
  if (metrics === undefined) return undefined;
  const ordered = [...metrics.perClass].sort((a, b) => a.f1 - b.f1);
  const rest = ordered.slice(SHOWN);
  const more =
    rest.length === 0
      ? undefined
      : html`<details><summary>${plural(rest.length, 'class')} with a better F1</summary>${table(rest)}</details>`;
  return section(view, {
    name: 'classes',
    title: 'Classes, the worst first',
    isHalf: isSmall(metrics),
    body: html`${table(ordered.slice(0, SHOWN))}${more}`,
  });
}

function table(rows: MetricsRecord['perClass']): Markup {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="metrics by class"><table>
<thead><tr><th scope="col">class</th><th scope="col" class="number">precision</th><th scope="col" class="number">recall</th><th scope="col" class="number">95 % of recall</th><th scope="col" class="number">F1</th><th scope="col" class="number">images</th></tr></thead>
<tbody>${rows.map(row)}</tbody></table></div>`;
}

function row({ name: of, precision, recall, f1, support }: MetricsRecord['perClass'][number]) {
  const [low, high] = wilsonInterval(recall, support);
  const interval = support === 0 ? '-' : `${percent(low)} to ${percent(high)}`;
  return html`<tr><th scope="row">${name(of)}</th><td class="number">${percent(precision)}</td><td class="number">${percent(recall)}</td><td class="number">${interval}</td><td class="number bar" style="--share:${f1.toFixed(3)}">${percent(f1)}</td><td class="number">${grouped(support)}</td></tr>
`;
}

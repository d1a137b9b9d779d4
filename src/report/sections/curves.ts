import type { LineChart, Series } from '../charts.ts';
import { html, type Markup } from '../markup.ts';
import type { RunEvents } from '../run-events.ts';
import { type RunView, section } from '../view.ts';

/** The curves of loss, accuracy and learning rate over the epochs. */
export function curves(view: RunView): Markup | undefined {
  const { events, plan } = view.run;
  if (events === undefined) return undefined;
  if (events.epochs.length === 0) {
    const text =
      plan?.strategy === 'head'
        ? 'The output layer was solved to its optimum, without epochs: there are no curves.'
        : 'No epoch has ended: there are no curves.';
    return section(view, { ...TITLE, body: html`<p>${text}</p>` });
  }
  const figures = [lossChart(events), accuracyChart(events), rateChart(events)]
    .filter((chart) => chart.series.some(({ points }) => points.length > 0))
    .map((chart) => figure(chart, view));
  return section(view, { ...TITLE, body: html`<div class="charts">${figures}</div>` });
}

const TITLE = { name: 'curves', title: 'Course of the training' };

function figure(chart: LineChart, { charts }: RunView): Markup {
  const legend = chart.series
    .filter(({ points }) => points.length > 0)
    .map(({ name, colour }) => html`<span class="key ${colour}">${name}</span> `);
  return html`<figure><figcaption>${chart.title} ${legend}</figcaption>${charts.lines(chart)}</figure>`;
}

const lossChart = (events: RunEvents): LineChart => ({
  title: 'Loss',
  x: 'epoch',
  y: 'loss',
  marks: phaseMarks(events),
  series: [
    { name: 'training', colour: 'first', points: pointsOf(events, ({ loss }) => loss) },
    validation(events, { name: 'validation', key: 'loss', colour: 'second' }),
    validation(events, { name: 'validation, calibrated', key: 'calibrated_loss', colour: 'third' }),
  ],
});

const accuracyChart = (events: RunEvents): LineChart => ({
  title: 'Metrics',
  x: 'epoch',
  y: 'per cent',
  isShare: true,
  marks: phaseMarks(events),
  series: [
    {
      name: 'training accuracy',
      colour: 'first',
      points: pointsOf(events, ({ accuracy }) => accuracy),
    },
    validation(events, { name: 'validation accuracy', key: 'accuracy', colour: 'second' }),
    validation(events, { name: 'validation macro F1', key: 'macro_f1', colour: 'third' }),
  ],
});

const rateChart = (events: RunEvents): LineChart => {
  const rates = events.rates.filter(({ rate }) => rate > 0);
  return {
    title: 'Learning rate',
    x: 'epoch',
    y: 'rate',
    marks: phaseMarks(events),
    isLog: new Set(rates.map(({ rate }) => rate)).size > 1,
    series: [
      {
        name: 'rate',
        colour: 'first',
        points: rates.map(({ at, rate }) => [at, rate] as const),
      },
    ],
  };
};

function validation(
  events: RunEvents,
  of: { readonly name: string; readonly key: string; readonly colour: Series['colour'] },
): Series {
  return { ...of, points: pointsOf(events, ({ validation: all }) => all[of.key] ?? Number.NaN) };
}

function pointsOf(
  { epochs }: RunEvents,
  value: (epoch: RunEvents['epochs'][number]) => number,
): Series['points'] {
  return epochs
    .map((epoch) => [epoch.at, value(epoch)] as const)
    .filter(([, y]) => Number.isFinite(y));
}

/** Where a phase begins, if there are several. */
function phaseMarks({ epochs }: RunEvents): { at: number; name: string }[] {
  const marks = epochs.flatMap(({ phase, at }, index) =>
    index === 0 || epochs[index - 1]?.phase !== phase ? [{ at, name: phase }] : [],
  );
  return marks.length > 1 ? marks : [];
}

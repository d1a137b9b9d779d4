import { duration, grouped, plural } from '../../base/number-formats.ts';
import { answerBins, calibrationError } from '../../metrics/calibration.ts';
import { MEASURED_ON } from '../../metrics/measured-on.ts';
import { wilsonInterval } from '../../metrics/wilson.ts';
import type { ImagePrediction, MetricsRecord } from '../../run/record.ts';
import { confidence, isWrong } from '../image-choice.ts';
import { html, type Markup } from '../markup.ts';
import type { ReportedRun } from '../read-run.ts';
import { facts, name, percent, type RunView, section } from '../view.ts';

export interface Figure {
  readonly term: string;
  readonly value: string;
  /** What is known of how sure the value is. */
  readonly interval?: string;
}

/** The figures of a run, as text: those of metrics.json, and what its single images add. */
export function figuresOf({ metrics: record, predictions }: ReportedRun): readonly Figure[] {
  if (record === undefined) return [];
  const { metrics, images, perClass } = record;
  const { accuracy = Number.NaN, macro_f1: f1 = Number.NaN, loss = Number.NaN, top5 } = metrics;
  const [low, high] = wilsonInterval(accuracy, images);
  // Among ten classes nearly everything is in the first five guesses.
  const hasTop5 = perClass.length > 10 && top5 !== undefined;
  return [
    { term: 'accuracy', value: percent(accuracy), interval: `${percent(low)} to ${percent(high)}` },
    { term: 'macro F1', value: percent(f1) },
    ...(hasTop5 ? [{ term: 'top-5', value: percent(top5) }] : []),
    { term: 'loss', value: loss.toFixed(3), ...lossInterval(predictions) },
    ...(predictions === undefined
      ? []
      : [{ term: 'calibration error', value: percent(calibrationError(binsOf(predictions))) }]),
  ];
}

export const binsOf = (predictions: readonly ImagePrediction[]) =>
  answerBins(
    predictions.map((each) => ({ confidence: confidence(each), isRight: !isWrong(each) })),
  );

/** The mean of the losses and 1.96 standard errors around it. */
function lossInterval(predictions: readonly ImagePrediction[] = []): Pick<Figure, 'interval'> {
  const losses = predictions.flatMap(({ loss }) => loss ?? []);
  if (losses.length < 2) return {};
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const squares = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
  const half = 1.96 * Math.sqrt(squares / (losses.length - 1) / losses.length);
  return { interval: `${Math.max(0, mean - half).toFixed(3)} to ${(mean + half).toFixed(3)}` };
}

export function summary(view: RunView): Markup {
  const { run } = view;
  return section(view, {
    name: 'summary',
    title: 'Summary',
    body: html`${state(run)}${figureCards(run)}
${facts(rowsOf(run))}
${missing(run)}`,
  });
}

function state({ events, metrics }: ReportedRun): Markup | undefined {
  if (events?.isDone === true) return undefined;
  const what = metrics === undefined ? 'before it was measured' : 'before its model was written';
  return html`<p class="note">This run has not ended: it was interrupted ${what}, or is still at work. Here is what there is so far.</p>
`;
}

function figureCards(run: ReportedRun): Markup {
  const figures = figuresOf(run);
  if (run.metrics === undefined) {
    const why =
      run.events?.isDone === true
        ? 'no images were held back to measure on'
        : 'the run has not come that far, or no images were held back to measure on';
    return html`<p class="note">There are no metrics: ${why}.</p>`;
  }
  const cards = figures.map(
    ({ term, value, interval }) =>
      html`<div><dt>${term}</dt><dd><b>${value}</b>${
        interval === undefined ? undefined : html`<span>95 %: ${interval}</span>`
      }</dd></div>`,
  );
  return html`<dl class="cards">${cards}</dl>
<p>Measured on ${measuredOn(run.metrics)}.</p>`;
}

export function measuredOn({ images, side, beforeRefit }: MetricsRecord): string {
  const before = beforeRefit === true ? ', before the model was trained on these too' : '';
  return `${plural(images, 'image')} ${MEASURED_ON[side]}${before}`;
}

function rowsOf({ config, split, plan, events }: ReportedRun): [string, Markup | string][] {
  const rows: [string, Markup | string | undefined][] = [
    ['data', config && name(config.data)],
    ['images', split && imageCounts(split)],
    ['network', config && `${config.backbone}, head ${config.head}`],
    ['strategy', plan?.strategy],
    ['why', plan && evidence(plan.evidence)],
    ['trained', plan && parameters(plan.parameters)],
    ['weights', plan?.provenance?.source],
    ['began', events?.began?.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')],
    ['took', events && cost(events)],
  ];
  return rows.flatMap(([term, value]) => (value === undefined ? [] : [[term, value]]));
}

type Split = NonNullable<ReportedRun['split']>;

function imageCounts({ train, val, test, classes }: Split): string {
  const total = train.length + val.length + test.length;
  const sides = `${grouped(train.length)} for training, ${grouped(val.length)} for validation, ${grouped(test.length)} for the test`;
  return `${plural(total, 'image')} of ${plural(classes.length, 'class')}: ${sides}`;
}

function parameters({ total, trained }: { readonly total: number; readonly trained: number }) {
  return `${grouped(trained)} of ${grouped(total)} parameters (${percent(trained / total)})`;
}

/** The first reasons; all of them are further below. */
function evidence(reasons: readonly string[]): Markup {
  // The weights have a row of their own.
  const why = reasons.filter((reason) => !reason.startsWith('starts from '));
  return html`${why.slice(0, 3).join('; ')}`;
}

function cost({ seconds, epochs, stages }: NonNullable<ReportedRun['events']>): string {
  const parts = stages
    .filter((stage) => stage.seconds >= 0.05)
    .map((stage) => `${stage.message}: ${duration(stage.seconds)}`);
  const count = epochs.length === 0 ? '' : `, ${plural(epochs.length, 'epoch')}`;
  return `${duration(seconds)}${count}${parts.length === 0 ? '' : ` (${parts.join('; ')})`}`;
}

function missing({ missing: sentences }: ReportedRun): Markup | undefined {
  if (sentences.length === 0) return undefined;
  return html`<ul class="note">${sentences.map((each) => html`<li>${each}</li>`)}</ul>`;
}

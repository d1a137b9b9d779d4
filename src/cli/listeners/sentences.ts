import type { RunEvent } from '../../base/events.ts';
import { bytes, decimal, duration, grouped, percent } from '../number-formats.ts';
import type { Paint } from '../terminal.ts';
import { printable } from '../width.ts';

type Epoch = Extract<RunEvent, { type: 'epoch' }>;
type Progress = Extract<RunEvent, { type: 'progress' }>;

/** The names of countable tasks. */
export const TASK_NAMES: Readonly<Record<Progress['task'], string>> = {
  scan: 'reading images',
  features: 'frozen layers',
  solve: 'solving the output layer',
  trial: 'trying',
  evaluate: 'evaluating',
  predict: 'predicting',
  export: 'exporting',
  download: 'downloading',
};

/** `120 of 400 images`, `1.2 MB of 58.9 MB` */
export function amount({ done, total, unit }: Progress): string {
  if (unit === 'bytes') return `${bytes(done)} of ${bytes(total)}`;
  return `${grouped(done)} of ${grouped(total)} ${unit}`;
}

/** One epoch as one line. */
export function epochSentence(event: Epoch): string {
  const { epoch, epochs, loss, accuracy, validation, seconds, phase } = event;
  const number = `${String(epoch).padStart(String(epochs).length)}/${epochs}`;
  const parts = [
    `${phase === 'main' ? 'epoch' : phase} ${number}`,
    `loss ${decimal(loss)}`,
    `acc ${percent(accuracy)}`,
    ...(validation.loss === undefined ? [] : [`val loss ${decimal(validation.loss)}`]),
    ...(validation.calibrated_loss === undefined
      ? []
      : [`calibrated ${decimal(validation.calibrated_loss)}`]),
    ...(validation.accuracy === undefined ? [] : [`val acc ${percent(validation.accuracy)}`]),
    duration(seconds),
    ...(event.best ? ['best'] : []),
  ];
  return parts.join('  ');
}

/** The event as a line of text; undefined for events that come too often. */
export function sentence(event: RunEvent, paint: Paint): string | undefined {
  switch (event.type) {
    case 'stage':
      // What was done is the result's to say.
      return event.stage === 'done' ? undefined : paint('bold', printable(event.message));
    case 'note':
      return printable(event.message);
    case 'warning':
      return `${paint('yellow', 'warning:')} ${printable(event.message)}`;
    case 'epoch':
      return epochSentence(event);
    case 'early-stop':
      return `stopped early: no better ${event.metric} since epoch ${event.bestEpoch}`;
    default:
      return undefined;
  }
}

/** The number of skipped images that are named; the others are counted. */
const NAMED = 5;

/** Names the first skipped images, then says once that it stops doing so. */
export function createSkipSentences(): (event: RunEvent) => string | undefined {
  let count = 0;
  return (event) => {
    if (event.type !== 'image-skipped') return undefined;
    count++;
    if (count <= NAMED) return `skipped ${printable(event.path)}: ${printable(event.reason)}`;
    return count === NAMED + 1 ? 'more images are skipped; they are counted at the end' : undefined;
  };
}

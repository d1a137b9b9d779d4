import cliProgress from 'cli-progress';
import type { Emit, RunEvent } from '../../base/events.ts';
import { decimal, duration, percent } from '../number-formats.ts';
import type { Terminal } from '../terminal.ts';
import { displayWidth } from '../width.ts';
import { type Clock, createClock, type Pace } from './clock.ts';
import { amount, createSkipSentences, sentence, TASK_NAMES } from './sentences.ts';

type Step = Extract<RunEvent, { type: 'step' }>;

/** What a bar shows, the most important first: what does not fit is left out. */
interface Drawn {
  readonly share: number;
  readonly texts: readonly string[];
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 24;

/** `epoch 3/20 ████░░░░  loss 0.41  acc 87.5 %`, never wider than the terminal. */
export function drawBar({ share, texts }: Drawn, width: number): string {
  const [name = '', ...others] = texts;
  let room = width - 1 - displayWidth(name) - 1 - SHORTEST_BAR;
  const kept: string[] = [];
  for (const text of others) {
    const needs = displayWidth(text) + 2;
    if (needs > room) break;
    kept.push(text);
    room -= needs;
  }
  const length = Math.min(LONGEST_BAR, SHORTEST_BAR + Math.max(0, room));
  const done = Math.round(Math.min(1, Math.max(0, share)) * length);
  return [`${name} ${'█'.repeat(done)}${'░'.repeat(length - done)}`, ...kept].join('  ');
}

/** A bar on the last line of a terminal, with lines scrolling above it. */
export function createBar(terminal: Terminal, now: () => number = () => performance.now()) {
  const line = createLiveLine(terminal);
  const skipped = createSkipSentences();
  let clock: Clock | undefined;
  let epochs = 0;

  const listen: Emit = (event) => {
    if (event.type === 'train-start') {
      clock = createClock(event, now);
      epochs = event.epochs;
    }
    if (event.type === 'epoch') clock?.epochEnds();
    if (event.type === 'step' && clock !== undefined) {
      line.draw(stepDrawn(event, epochs, clock.step(event)));
    }
    if (event.type === 'progress') {
      const texts = [TASK_NAMES[event.task], amount(event)];
      line.draw({ share: event.total > 0 ? event.done / event.total : 0, texts });
      if (event.done >= event.total) line.clear();
    }
    const text = sentence(event, terminal.paintError) ?? skipped(event);
    if (text !== undefined) line.above(text);
  };
  return { listen, close: line.clear };
}

function stepDrawn(event: Step, epochs: number, pace: Pace): Drawn {
  const { epoch, step, stepsPerEpoch, loss, accuracy, phase } = event;
  const left = pace.secondsLeft === undefined ? [] : [`${duration(pace.secondsLeft)} left`];
  return {
    share: step / stepsPerEpoch,
    texts: [
      `${phase === 'main' ? 'epoch' : phase} ${epoch}/${epochs}`,
      ...left,
      `loss ${decimal(loss)}`,
      `acc ${percent(accuracy)}`,
      `${decimal(pace.imagesPerSecond, pace.imagesPerSecond < 10 ? 1 : 0)} images/s`,
    ],
  };
}

function createLiveLine(terminal: Terminal) {
  let bar: cliProgress.SingleBar | undefined;
  let drawn: Drawn = { share: 0, texts: [] };

  function draw(next: Drawn): void {
    drawn = next;
    if (bar !== undefined) {
      bar.update(next.share);
      return;
    }
    bar = new cliProgress.SingleBar({
      format: () => terminal.symbols(drawBar(drawn, process.stderr.columns || terminal.width)),
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: false,
      // Both would leave the terminal changed when the process ends at once.
      linewrap: true,
      gracefulExit: false,
      // A training step holds the event loop, so a timer could not draw.
      synchronousUpdate: true,
      fps: 10,
    });
    bar.start(1, next.share);
  }

  function clear(): void {
    bar?.stop();
    bar = undefined;
  }

  function above(text: string): void {
    clear();
    terminal.note(text);
  }

  return { draw, clear, above };
}

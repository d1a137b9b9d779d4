import { eventLines, type LooseEvent as Loose } from '../run/event-lines.ts';

export interface Epoch {
  readonly phase: string;
  /** From 1 on, over all phases. */
  readonly at: number;
  /** The share of its phase's epochs that were done with it; NaN where the event does not say. */
  readonly share: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validation: Readonly<Record<string, number>>;
  readonly best: boolean;
}

/** What a run's events say, so far as it came. */
export interface RunEvents {
  readonly epochs: readonly Epoch[];
  /** Learning rates by the epoch in which they held, as a fraction; an even sample of all steps. */
  readonly rates: readonly { readonly at: number; readonly rate: number }[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Seconds that processes worked on the run, without the time between an interruption and the resumption. */
  readonly seconds: number;
  /** Seconds of each stage, by its message. */
  readonly stages: readonly { readonly message: string; readonly seconds: number }[];
  /** The time of the first event, ISO 8601. */
  readonly began: string | undefined;
  /** Whether the last event says that the run is complete. */
  readonly isDone: boolean;
}

interface Step {
  readonly key: string;
  readonly fraction: number;
  readonly rate: number;
}

/** The most learning rates that are kept. */
const MOST_STEPS = 400;

/**
 * Reads `events.ndjson`, line after line.
 * @throws the system's error where there is no file; VggtuneError (data) for what is no plain file
 */
export async function readEvents(path: string): Promise<RunEvents> {
  const reader = createReader();
  for await (const event of eventLines(path)) reader.take(event);
  return reader.result();
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);

function createReader() {
  const epochs = new Map<string, Omit<Epoch, 'at'>>();
  const found = createSampler();
  const skipped = new Map<string, string>();
  const warnings = new Set<string>();
  const notes = new Set<string>();
  const clock = createClock();
  let last = '';

  function take(event: Loose): void {
    const type = textOf(event.type);
    clock.take(event, type);
    if (type === 'stage') last = textOf(event.stage);
    if (type === 'epoch') epochs.set(keyOf(event), epochOf(event));
    if (type === 'step') found.take(stepOf(event));
    if (type === 'image-skipped') skipped.set(textOf(event.path), textOf(event.reason));
    if (type === 'warning') warnings.add(textOf(event.message));
    if (type === 'note') notes.add(textOf(event.message));
  }

  function result(): RunEvents {
    const keys = [...epochs.keys()];
    const places = new Map(keys.map((key, at) => [key, at]));
    const rates = found.steps().flatMap(({ key, fraction, rate }) => {
      const place = places.get(key);
      return place === undefined ? [] : [{ at: place + fraction, rate }];
    });
    return {
      epochs: [...epochs.values()].map((epoch, at) => ({ ...epoch, at: at + 1 })),
      rates: rates.sort((a, b) => a.at - b.at),
      skipped: [...skipped].map(([path, reason]) => ({ path, reason })),
      warnings: [...warnings],
      notes: [...notes],
      ...clock.result(),
      isDone: last === 'done',
    };
  }
  return { take, result };
}

const keyOf = ({ phase, epoch }: Loose) => `${textOf(phase)} ${String(epoch)}`;

function epochOf(event: Loose): Omit<Epoch, 'at'> {
  const { phase, loss, accuracy, validation, best } = event;
  const figures = typeof validation === 'object' && validation !== null ? validation : {};
  const numbers = Object.entries(figures).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  return {
    phase: textOf(phase),
    share: numberOf(event.epoch) / numberOf(event.epochs),
    loss: numberOf(loss),
    accuracy: numberOf(accuracy),
    validation: Object.fromEntries(numbers),
    best: best === true,
  };
}

function stepOf(event: Loose): Step {
  const fraction = numberOf(event.step) / numberOf(event.stepsPerEpoch);
  return { key: keyOf(event), fraction, rate: numberOf(event.learningRate) };
}

/** Keeps every step, then every second, every fourth and so on, so that memory stays bounded. */
function createSampler() {
  let kept: Step[] = [];
  let every = 1;
  let seen = 0;
  return {
    take(step: Step): void {
      if (seen++ % every === 0) kept.push(step);
      if (kept.length < 2 * MOST_STEPS) return;
      kept = kept.filter((_, at) => at % 2 === 0);
      every *= 2;
    },
    // A run that was resumed has taken some steps twice; the later ones count.
    steps: () => [...new Map(kept.map((step) => [`${step.key} ${step.fraction}`, step])).values()],
  };
}

/** Adds up the time of each process, which begins with a `log` line, and of its stages. */
function createClock() {
  const stages = new Map<string, number>();
  let began: string | undefined;
  let before = Number.NaN;
  let seconds = 0;
  let stage: string | undefined;
  return {
    take(event: Loose, type: string): void {
      const time = Date.parse(textOf(event.time));
      if (Number.isNaN(time)) return;
      began ??= textOf(event.time);
      const passed = type === 'log' || Number.isNaN(before) ? 0 : (time - before) / 1000;
      before = time;
      seconds += passed;
      if (stage !== undefined) stages.set(stage, (stages.get(stage) ?? 0) + passed);
      if (type === 'log') stage = undefined;
      if (type === 'stage') stage = event.stage === 'done' ? undefined : textOf(event.message);
    },
    result: () => ({
      began,
      seconds,
      stages: [...stages].map(([message, each]) => ({ message, seconds: each })),
    }),
  };
}

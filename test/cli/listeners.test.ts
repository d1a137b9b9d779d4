import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { drawBar } from '../../src/cli/listeners/bar.ts';
import { createClock } from '../../src/cli/listeners/clock.ts';
import { createCollector } from '../../src/cli/listeners/collector.ts';
import { createJsonLines } from '../../src/cli/listeners/json-lines.ts';
import { createLines } from '../../src/cli/listeners/lines.ts';
import { epochSentence } from '../../src/cli/listeners/sentences.ts';
import { painter, type Terminal } from '../../src/cli/terminal.ts';
import { displayWidth } from '../../src/cli/width.ts';

const EPOCH = {
  type: 'epoch',
  phase: 'main',
  epoch: 3,
  epochs: 20,
  loss: 0.5,
  accuracy: 0.8125,
  validation: { loss: 0.4, accuracy: 0.9 },
  best: true,
  seconds: 2.04,
} as const;

const step = (epoch: number, at: number) =>
  ({
    type: 'step',
    phase: 'main',
    epoch,
    step: at,
    stepsPerEpoch: 10,
    loss: 1,
    accuracy: 0.5,
    learningRate: 0.1,
    images: 8,
  }) as const;

const START = {
  type: 'train-start',
  phase: 'main',
  epochs: 3,
  stepsPerEpoch: 10,
  images: 80,
} as const;

function recorder(now: () => number) {
  const lines: string[] = [];
  const paint = painter(false);
  const terminal: Terminal = {
    ...{
      width: 80,
      json: false,
      quiet: false,
      animated: false,
      log: 'text',
      paint,
      symbols: (text: string) => text,
      paintError: paint,
    },
    record: () => {},
    note: (line) => lines.push(line),
  };
  return { lines, emit: createLines(terminal, now) };
}

it('an epoch is one line', () => {
  expect(epochSentence(EPOCH)).toBe(
    'epoch  3/20  loss 0.500  acc 81.3 %  val loss 0.400  val acc 90.0 %  2.0 s  best',
  );
  expect(epochSentence({ ...EPOCH, phase: 'warm-up', validation: {}, best: false })).toBe(
    'warm-up  3/20  loss 0.500  acc 81.3 %  2.0 s',
  );
});

describe('clock', () => {
  it('knows the pace, and the time left once by steps and then by whole epochs', () => {
    let now = 0;
    const clock = createClock(START, () => now);
    now = 2000;
    // 5 of 30 steps took 2 s: 10 s more.
    expect(clock.step(step(1, 5))).toEqual({ imagesPerSecond: 4, secondsLeft: 10 });
    now = 6000;
    clock.epochEnds();
    now = 7000;
    // The first epoch took 6 s with its validation; 1 s of the second is gone.
    expect(clock.step(step(2, 1))).toEqual({ imagesPerSecond: 8, secondsLeft: 11 });
  });
});

describe('the clock of a run that was resumed in the middle of an epoch', () => {
  it('counts the steps that it saw', () => {
    let now = 0;
    // 10 steps an epoch, of which 6 are behind it; the next two took 2 s. Two epochs follow.
    const clock = createClock({ ...START, stepsDone: 6 }, () => now);
    now = 2000;
    expect(clock.step(step(1, 8)).secondsLeft).toBe(2 + 2 * 10);
    now = 4000;
    clock.epochEnds();
    now = 6000;
    // What was seen of the first epoch, 4 s, is no measure of a whole one.
    expect(clock.step(step(2, 2)).secondsLeft).toBe(8 + 10);
  });
});

describe('bar', () => {
  const texts = ['epoch 3/20', '12 s left', 'loss 0.412', 'acc 87.5 %', '312 images/s'];

  it.each([20, 40, 60, 80, 200])('fits %d columns', (width) => {
    expect(displayWidth(drawBar({ share: 0.5, texts }, width))).toBeLessThan(width);
  });

  it('leaves out the least important first', () => {
    expect(drawBar({ share: 0.5, texts }, 200)).toBe(
      `epoch 3/20 ${'█'.repeat(12)}${'░'.repeat(12)}  12 s left  loss 0.412  acc 87.5 %  312 images/s`,
    );
    expect(drawBar({ share: 1, texts }, 40)).toMatch(/^epoch 3\/20 █+ {2}12 s left$/);
  });

  it('does not draw beyond its ends', () => {
    expect(drawBar({ share: 7, texts: ['x'] }, 20)).not.toContain('░');
    expect(drawBar({ share: -1, texts: ['x'] }, 20)).not.toContain('█');
  });
});

describe('lines', () => {
  it('name stages, warnings and the first skipped images, and count the others', () => {
    const { lines, emit } = recorder(() => 0);
    emit({ type: 'stage', stage: 'data', message: 'reading' });
    emit({ type: 'warning', code: 'few', message: 'few images' });
    for (let i = 0; i < 9; i++) emit({ type: 'image-skipped', path: `${i}.png`, reason: 'torn' });
    expect(lines.slice(0, 3)).toEqual(['reading', 'warning: few images', 'skipped 0.png: torn']);
    expect(lines).toHaveLength(8);
    expect(lines.at(-1)).toBe('more images are skipped; they are counted at the end');
  });

  it('say how far a long task is, but not often', () => {
    let now = 0;
    const { lines, emit } = recorder(() => now);
    for (let second = 0; second <= 61; second++) {
      now = second * 1000;
      emit({ type: 'progress', task: 'features', done: second, total: 100, unit: 'images' });
    }
    expect(lines).toEqual([
      'frozen layers: 30 of 100 images, 30 %, 1 min 10 s left',
      'frozen layers: 60 of 100 images, 60 %, 40 s left',
    ]);
  });

  it('are silent within epochs that are short: each has its own line', () => {
    let now = 0;
    const { lines, emit } = recorder(() => now);
    emit(START);
    for (let at = 1; at <= 30; at++) {
      now += 2500;
      emit(step(Math.ceil(at / 10), ((at - 1) % 10) + 1));
      if (at % 10 === 0) emit({ ...EPOCH, epoch: at / 10, epochs: 3 });
    }
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => line.startsWith('epoch '))).toBe(true);
  });

  it('say within a long epoch how far it is and what is left', () => {
    let now = 0;
    const { lines, emit } = recorder(() => now);
    emit(START);
    now = 35_000;
    emit(step(1, 5));
    expect(lines).toEqual(['epoch 1: 50 %, 2 min 55 s left']);
  });
});

describe('JSON lines', () => {
  it('are the events, without those that come too often', () => {
    let now = 0;
    const records: object[] = [];
    const emit = createJsonLines({ record: (event) => records.push(event) }, () => now);
    emit(START);
    emit(step(1, 1));
    emit(EPOCH);
    now = 31_000;
    emit({ type: 'progress', task: 'features', done: 1, total: 4, unit: 'images' });
    now = 62_000;
    const progress = {
      type: 'progress',
      task: 'features',
      done: 2,
      total: 4,
      unit: 'images',
    } as const;
    emit(progress);
    expect(records.slice(0, 2)).toEqual([START, EPOCH]);
    expect(records.at(-1)).toEqual({ ...progress, secondsLeft: 62 });
  });
});

it('the collector keeps what the result repeats', () => {
  const { collected, listen } = createCollector();
  const events: RunEvent[] = [
    { type: 'warning', code: 'c', message: 'm' },
    { type: 'image-skipped', path: 'p', reason: 'r' },
    { type: 'file', path: 'f', what: 'w' },
    { type: 'checkpoint', path: 'run/checkpoints/last.safetensors', step: 3 },
    EPOCH,
  ];
  for (const event of events) listen(event);
  expect(collected).toMatchObject({
    warnings: [{ code: 'c', message: 'm' }],
    skipped: [{ path: 'p', reason: 'r' }],
    files: [{ path: 'f', what: 'w' }],
    epochs: [{ epoch: 3, validation: { accuracy: 0.9 } }],
  });
});

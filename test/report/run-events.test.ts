import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEvents } from '../../src/report/run-events.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => rm(home, { recursive: true, force: true }));

const at = (minute: number, event: object) =>
  `${JSON.stringify({ time: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(), ...event })}\n`;
const epoch = (number: number, loss: number, phase = 'main') => ({
  ...{ type: 'epoch', phase, epoch: number, loss, accuracy: 0.5, best: false },
  validation: { loss: loss + 1, odd: null },
});
const step = (number: number, learningRate: number) => ({
  ...{ type: 'step', phase: 'main', epoch: 1, step: number, stepsPerEpoch: 2, learningRate },
});

it('takes what a resumed run did last, and leaves out the time that it stood still', async () => {
  const path = join(home, 'resumed.ndjson');
  const lines = [
    at(0, { type: 'log', version: 1 }),
    at(1, { type: 'stage', stage: 'train', message: 'training' }),
    at(2, step(1, 0.5)),
    at(3, epoch(1, 9)),
    '{"time":"2026-01-01T00:0',
    '\n',
    at(500, { type: 'log', version: 1 }),
    at(501, { type: 'stage', stage: 'train', message: 'training' }),
    at(502, step(1, 0.25)),
    at(503, epoch(1, 4)),
    at(504, epoch(1, 3, 'refit')),
    at(505, { type: 'stage', stage: 'done', message: 'done' }),
  ];
  await writeFile(path, lines.join(''));
  const events = await readEvents(path);
  expect(events.epochs.map((each) => [each.at, each.phase, each.loss])).toEqual([
    [1, 'main', 4],
    [2, 'refit', 3],
  ]);
  expect(events.epochs[0]?.validation).toEqual({ loss: 5 });
  expect(events.rates).toEqual([{ at: 0.5, rate: 0.25 }]);
  expect(events.seconds).toBe(8 * 60);
  expect(events.stages).toEqual([{ message: 'training', seconds: 6 * 60 }]);
  expect(events.isDone).toBe(true);
});

it('keeps an even sample of very many steps', async () => {
  const path = join(home, 'long.ndjson');
  const steps = Array.from({ length: 5000 }, (_, i) =>
    at(0, { ...step(i + 1, i + 1), stepsPerEpoch: 5000 }),
  );
  await writeFile(path, [...steps, at(1, epoch(1, 1))].join(''));
  const { rates } = await readEvents(path);
  expect(rates.length).toBeGreaterThan(200);
  expect(rates.length).toBeLessThan(1000);
  const gaps = rates.slice(1).map((rate, i) => rate.rate - (rates[i]?.rate ?? 0));
  expect(new Set(gaps).size).toBe(1);
});

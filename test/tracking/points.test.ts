import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { readHistory } from '../../src/tracking/history.ts';
import { finalPoint, PointReader } from '../../src/tracking/points.ts';
import { epochEnd, step, wholeEpoch } from './events.ts';

const read = (events: readonly RunEvent[], reader = new PointReader()) =>
  events.flatMap((event) => reader.read(event, 0) ?? []);

describe('points', () => {
  it('count the steps over epochs and phases', () => {
    const warmUp = { phase: 'warm-up', stepsPerEpoch: 2 };
    const points = read([
      ...[step(1, 1, warmUp), step(1, 2, warmUp), epochEnd(1, { phase: 'warm-up' })],
      ...[...wholeEpoch(1), ...wholeEpoch(2)],
    ]);
    expect(points.map((point) => point.step)).toEqual([1, 2, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10]);
  });

  it('name what was measured on what', () => {
    const [first, , , , last] = read(wholeEpoch(1));
    expect(first?.values).toEqual({ 'step/loss': 0.5, 'step/learning_rate': 0.01 });
    expect(last?.values).toEqual({
      ...{ 'train/loss': 1, 'train/accuracy': 0.5 },
      ...{ 'validation/loss': 0.5, 'validation/accuracy': 0.75 },
    });
  });

  it('are a hundred steps of each epoch at most', () => {
    const many = { stepsPerEpoch: 1234 };
    const steps = Array.from({ length: 1234 }, (_, at) => step(1, at + 1, many));
    const points = read(steps);
    expect(points.length).toBeLessThanOrEqual(100);
    expect(points.length).toBeGreaterThan(90);
  });

  it('leave out what is no number', () => {
    const [point] = read([epochEnd(1, { loss: Number.NaN, validation: {} })]);
    expect(point?.values).toEqual({ 'train/accuracy': 0.5 });
    const end = finalPoint({ accuracy: 1, top5: Number.NaN }, { step: 3, time: 0 });
    expect(end.values).toEqual({ 'final/accuracy': 1 });
  });
});

describe('the history of a run', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'vggtune-points-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  async function logged(lines: readonly (object | string)[]) {
    const path = join(home, 'events.ndjson');
    const time = new Date(1000).toISOString();
    const texts = lines.map((line) =>
      typeof line === 'string' ? line : JSON.stringify({ time, ...line }),
    );
    await writeFile(path, `${texts.join('\n')}\n`);
    return readHistory(path);
  }

  it('has a step that was made again after a kill once', async () => {
    const again = [step(2, 1), step(2, 2), { type: 'log', version: 1 }, step(2, 2), step(2, 3)];
    const { points, reader } = await logged([...wholeEpoch(1), ...again]);
    expect(points.map((point) => point.step)).toEqual([1, 2, 3, 4, 4, 5, 6, 7]);
    expect(points.at(0)?.time).toBe(1000);
    const rest = read([step(2, 4), epochEnd(2)], reader);
    expect(rest.map((point) => point.step)).toEqual([8, 8]);
  });

  it('is the same as what was told while it ran', async () => {
    const events = [...wholeEpoch(1), ...wholeEpoch(2)];
    const { points } = await logged(events);
    const told = read(events).map((point) => ({ ...point, time: 1000 }));
    expect(points).toEqual(told);
  });

  it('is read over lines that are damaged, of other forms, or cut off', async () => {
    const bad = [
      ...['{"type":"step"', 'null', '[]', { type: 'epoch', phase: 'main', epoch: 1 }],
      ...[
        { ...epochEnd(1), validation: { loss: 'x' } },
        { ...step(1, 1), step: '1' },
      ],
    ];
    const { points } = await logged([...bad, step(1, 1)]);
    expect(points).toHaveLength(1);
  });

  it('is empty where there is no log', async () => {
    expect((await readHistory(join(home, 'none'))).points).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { createEventLog } from '../../src/run/event-log.ts';

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-log-test-'));
  path = join(home, 'events.ndjson');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const note: RunEvent = { type: 'note', message: 'x' };
const step = (number: number): RunEvent => ({
  ...{ type: 'step', phase: 'main', epoch: 1, step: number, stepsPerEpoch: 500 },
  ...{ loss: 1, accuracy: 0, learningRate: 0.1, images: number },
});
const progress: RunEvent = {
  ...{ type: 'progress', task: 'scan', done: 1, total: 2, unit: 'images' },
};

/** The events of the file, one a line. */
const written = async () =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
const types = async () => (await written()).map(({ type }) => type);

/** Opens a log, and writes a note to it. */
function writeNote(): void {
  const log = createEventLog();
  log.open(path);
  log.listen(note);
}

describe('the event log', () => {
  it('has its version first, and the time of each event', async () => {
    const before = Date.now();
    writeNote();
    const [first, second] = await written();
    expect(first).toMatchObject({ type: 'log', version: 1 });
    expect(second).toMatchObject(note);
    const time = Date.parse(second.time);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('has what came before it was opened, once, and appends to what is there', async () => {
    const log = createEventLog();
    log.listen(note);
    log.flush();
    log.open(path);
    log.flush();
    expect(await types()).toEqual(['log', 'note']);
    writeNote();
    expect(await types()).toEqual(['log', 'note', 'log', 'note']);
  });

  it('has other events at once, with the steps that waited before them', async () => {
    const log = createEventLog();
    log.open(path);
    log.listen(step(1));
    log.listen(progress);
    expect(await types()).toEqual(['log']);
    log.listen(note);
    expect(await types()).toEqual(['log', 'step', 'progress', 'note']);
    log.listen(step(2));
    log.flush();
    expect((await types()).at(-1)).toBe('step');
  });

  it('has two hundred steps at once', async () => {
    const log = createEventLog();
    log.open(path);
    for (let number = 1; number < 200; number++) log.listen(step(number));
    expect(await types()).toEqual(['log']);
    log.listen(step(200));
    const steps = (await written()).slice(1);
    expect(steps.map((event) => event.step)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });
});

it.runIf(existsSync('/proc/self/fd'))('an event log leaves no file open', () => {
  const count = () => readdirSync('/proc/self/fd').length;
  writeNote();
  const before = count();
  for (let at = 0; at < 20; at++) writeNote();
  expect(count()).toBeLessThan(before + 20);
});

describe('an event log that cannot be written', () => {
  it.each([
    ['a folder is in its place', () => mkdir(path)],
    ['its folder is gone', () => rm(home, { recursive: true })],
  ])('ends nothing: %s', async (_, prepare) => {
    await prepare();
    expect(writeNote).not.toThrow();
  });

  it('is not written through a link', async () => {
    const victim = join(home, 'victim');
    await writeFile(victim, 'mine');
    await symlink(victim, path);
    writeNote();
    expect(await readFile(victim, 'utf8')).toBe('mine');
  });

  it('is not waited for, and nothing goes into a pipe that somebody reads', () => {
    execFileSync('mkfifo', [path]);
    writeNote();
    const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      writeNote();
      expect(() => readSync(reader, Buffer.alloc(1000))).toThrow(/EAGAIN/);
    } finally {
      closeSync(reader);
    }
  });
});

import {
  type link,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isHeld, type LockOptions, takeLock } from '../../src/base/lock.ts';
import { newOwner } from '../../src/base/lock-owner.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-lock-test-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A second stands for a minute. */
const timing = { beat: 40, stale: 400, poll: 10 };
const take = (options: Partial<LockOptions> = {}) =>
  takeLock(path, { busy: 'another is at work', timing, ...options });

const mine = newOwner();
const leave = (owner: object) => writeFile(path, JSON.stringify(owner));
const holder = async () => JSON.parse(await readFile(path, 'utf8')).pid as number;

describe('a lock', () => {
  it('has one owner, whom the error names together with the file', async () => {
    const unlock = await take();
    await expect(take()).rejects.toMatchObject({
      kind: 'usage',
      message: 'another is at work',
      details: {
        found: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
        where: path,
        fix: expect.stringContaining(path),
      },
    });
    await unlock();
    await (await take())();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is waited for, and not for ever', async () => {
    const unlock = await take();
    const owners: string[] = [];
    const next = take({ patience: 10_000, onWait: (owner) => owners.push(owner) });
    await expect(take({ patience: 100 })).rejects.toMatchObject({
      details: { found: expect.stringContaining('waited for') },
    });
    await unlock();
    await (await next)();
    expect(owners).toEqual([expect.stringContaining(`process ${process.pid}`)]);
  });

  it('is waited for no longer than the signal allows', async () => {
    const unlock = await take();
    const controller = new AbortController();
    const waiting = take({ patience: 60_000, signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    await expect(waiting).rejects.toMatchObject({ kind: 'interrupted' });
    await unlock();
  });

  it('that was taken over is not removed by the one who lost it', async () => {
    const unlock = await take();
    await leave({ ...mine, id: 'another' });
    await unlock();
    expect(JSON.parse(await readFile(path, 'utf8')).id).toBe('another');
  });
});

describe('the lock of a dead process is taken over', () => {
  it.each([
    ['with another process id', { ...mine, pid: 2 ** 22 + 1 }],
    ['with our own process id and host name, as in a container', { ...mine, started: '1' }],
    ['with an id that another process has now', { ...mine, pid: process.ppid, started: '1' }],
    ['that an older version wrote', { pid: process.pid, host: hostname(), since: 'long ago' }],
  ])('%s', async (_, owner) => {
    await leave({ ...owner, id: 'dead' });
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => take({ timing: {} })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await holder()).toBe(process.pid);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it.each([
    ['on another machine', { ...mine, host: 'elsewhere' }],
    ['in a container of the same name', { ...mine, space: 'another' }],
    ['that wrote half of it', undefined],
  ])('%s, once its heart stands still', async (_, owner) => {
    await writeFile(path, owner === undefined ? '{"pid": 1, "ho' : JSON.stringify(owner));
    const started = performance.now();
    const unlock = await take();
    expect(performance.now() - started).toBeGreaterThan(timing.stale / 2);
    await unlock();
  });

  it('on another machine at once, when it stood still long before', async () => {
    await leave({ ...mine, host: 'elsewhere' });
    const before = new Date(Date.now() - 3_600_000);
    await utimes(path, before, before);
    await (await take({ timing: {} }))();
  });
});

it('the lock of a process on another machine that lives is left alone', async () => {
  await leave({ ...mine, host: 'elsewhere' });
  const beat = setInterval(() => void utimes(path, new Date(), new Date()), 30);
  try {
    await expect(take({ patience: 600 })).rejects.toMatchObject({
      details: { found: expect.stringContaining('elsewhere'), where: path },
    });
  } finally {
    clearInterval(beat);
  }
});

it('an owner whose engine holds the main thread is alive', async () => {
  const unlock = await take();
  // The thread of the heartbeat takes a moment to start.
  await delay(200);
  const { mtimeMs } = await stat(path);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  expect((await stat(path)).mtimeMs).toBeGreaterThan(mtimeMs + 150);
  await unlock();
});

it('does without hard links, and has one owner still', async () => {
  const refuse: typeof link = () =>
    Promise.reject(Object.assign(new Error('EPERM: no links here'), { code: 'EPERM' }));
  const tries = await Promise.allSettled([1, 2, 3, 4].map(() => take({ link: refuse })));
  const [unlock, ...others] = tries.flatMap((one) =>
    one.status === 'fulfilled' ? [one.value] : [],
  );
  expect(others).toEqual([]);
  await unlock?.();
  expect(await readdir(folder)).toEqual([]);
});

it('whether a lock is held does not depend on this machine’s clock', async () => {
  await leave({ ...mine, host: 'elsewhere' });
  const now = Date.now();
  const clock = vi.spyOn(Date, 'now');
  for (const years of [-10, 0, 10]) {
    clock.mockReturnValue(now + years * 3.2e10);
    expect(await isHeld(path), `${years} years off`).toBe(true);
  }
  const before = new Date(now - 2 * 3_600_000);
  await utimes(path, before, before);
  for (const years of [-10, 0, 10]) {
    clock.mockReturnValue(now + years * 3.2e10);
    expect(await isHeld(path), `${years} years off`).toBe(false);
  }
  clock.mockRestore();
  expect(await readdir(folder)).toEqual(['lock']);
});

it('a disk that is full leaves no half lock, without hard links either', async () => {
  const probe = await open(join(folder, 'probe'), 'w');
  const prototype = Object.getPrototypeOf(probe) as typeof probe;
  await probe.close();
  await rm(join(folder, 'probe'));
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const spy = vi.spyOn(prototype, 'writeFile').mockRejectedValue(full);
  try {
    await expect(take()).rejects.toMatchObject({
      kind: 'data',
      message: `could not write ${path}`,
    });
  } finally {
    spy.mockRestore();
  }
  expect(await readdir(folder)).toEqual([]);
});

it('a folder that takes no file has an error of its own', async () => {
  await writeFile(join(folder, 'file'), '');
  const nowhere = takeLock(join(folder, 'file', 'lock'), { busy: 'busy', timing });
  await expect(nowhere).rejects.toMatchObject({ kind: 'data' });
});

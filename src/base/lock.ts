import { link, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { interruptedError, usageError, type VggtuneError } from './errors.ts';
import { makeFolder } from './folders.ts';
import { startHeartbeat } from './heartbeat.ts';
import { asideOf, type Link, look, publish, removeDead, type Seen, writeNew } from './lock-file.ts';
import { lifeOf, newOwner, type Owner } from './lock-owner.ts';
import { writeFailure } from './write-failure.ts';

/** Releases the lock. */
export type Unlock = () => Promise<void>;

export interface LockOptions {
  /** The error message when another process holds the lock: `another run is at work in runs/x`. */
  readonly busy: string;
  /** Milliseconds to wait for a live owner; 0 by default. */
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once, with the owner, when there is something to wait for or to find out. */
  readonly onWait?: (owner: string) => void;
  readonly timing?: Partial<LockTiming>;
  readonly link?: Link;
}

export interface LockTiming {
  /** Milliseconds between two heartbeats of an owner. */
  readonly beat: number;
  /**
   * Milliseconds without a heartbeat after which an owner counts as dead, where nothing else is known of it.
   */
  readonly stale: number;
  /** Milliseconds between two looks at a lock. */
  readonly poll: number;
}

const TIMING: LockTiming = { beat: 5000, stale: 30_000, poll: 200 };

/** Ids of the locks that this process holds. */
const held = new Set<string>();

/**
 * Acquires a lock file for this process. The lock of a dead process is taken over. On this machine a dead
 * process is recognised at once; on another machine or in another container by its heartbeat, which takes up
 * to `stale` milliseconds of watching, whatever the patience is.
 * @throws VggtuneError (usage) that names the owner and the file, when the patience is over;
 * (interrupted) on the signal; (data) where no file can be written
 */
export async function takeLock(path: string, options: LockOptions): Promise<Unlock> {
  const setting = { ...options, timing: { ...TIMING, ...options.timing } };
  const until = performance.now() + (options.patience ?? 0);
  let told = false;
  const onWait = (owner: string) => {
    if (!told) options.onWait?.(owner);
    told = true;
  };
  for (;;) {
    const taken = await attempt(path, setting);
    if (typeof taken === 'function') return taken;
    await untilFree(path, { ...setting, ...taken, until, onWait });
  }
}

type Setting = LockOptions & { readonly timing: LockTiming };

/** Waits until the lock is gone. A dead one is removed. */
async function untilFree(
  path: string,
  setting: Setting & { readonly now: number; readonly until: number },
): Promise<void> {
  const { timing, now, until } = setting;
  let watched: Watched | undefined;
  let refused = 0;
  for (let found = await look(path); found !== undefined; found = await look(path)) {
    watched = nextWatched(watched, found, now);
    const life = lifeNow(watched, timing);
    if (life === 'dead') {
      const removed = await removeDead(path, found.text, setting.link ?? link);
      if (removed === true) return;
      if (++refused > MOST_REFUSED) throw writeFailure(path, removed);
    } else if (life === 'alive' && performance.now() >= until) {
      throw lockedError(path, found, setting);
    }
    if (found.owner !== undefined) setting.onWait?.(nameOf(found.owner));
    await pause(timing.poll, setting);
  }
}

/** The number of failed attempts to remove a dead lock: longer than a virus scanner keeps a file open. */
const MOST_REFUSED = 20;

/**
 * Runs work while holding a lock.
 * @throws as `takeLock`, and what the work throws
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: LockOptions,
): Promise<T> {
  const unlock = await takeLock(path, options);
  try {
    return await work();
  } finally {
    await unlock();
  }
}

/** Milliseconds without a heartbeat after which an owner counts as dead, whatever the clocks say. */
const SURELY_DEAD = 3_600_000;

/** Whether the owner of a lock may be alive, without waiting to see its heart beat. */
export async function isHeld(path: string): Promise<boolean> {
  const found = await look(path);
  if (found === undefined) return false;
  const life = found.owner === undefined ? 'unknown' : lifeOf(found.owner, held);
  return (
    life === 'alive' ||
    (life === 'unknown' && (await presentTime(path)) - found.mtime < SURELY_DEAD)
  );
}

/**
 * The current time by the clock of the file system, which also stamps heartbeats: our own clock may differ or
 * have been set back.
 */
async function presentTime(path: string): Promise<number> {
  const aside = asideOf(path);
  const now = await writeNew(aside, '').catch(() => Date.now());
  await rm(aside, { force: true }).catch(() => {});
  return now;
}

/** Whether an error is that of a lock that somebody else holds. */
export function isLocked(error: unknown): error is VggtuneError {
  return error instanceof Error && LOCKED.has(error);
}

const LOCKED = new WeakSet<Error>();

/** A lock that is looked at again and again. */
interface Watched {
  readonly seen: Seen;
  readonly at: number;
  /** Milliseconds since its last heartbeat, by the file system's clock, when it was first seen so. */
  readonly age: number;
  /** Whether a heartbeat was seen. */
  readonly beats: boolean;
}

function nextWatched(before: Watched | undefined, seen: Seen, now: number): Watched {
  const at = performance.now();
  if (before === undefined) return { seen, at, age: Math.max(0, now - seen.mtime), beats: false };
  if (before.seen.text !== seen.text) return { seen, at, age: 0, beats: false };
  return before.seen.mtime === seen.mtime ? before : { seen, at, age: 0, beats: true };
}

function lifeNow({ seen, at, age, beats }: Watched, { stale }: LockTiming) {
  const life = seen.owner === undefined ? 'unknown' : lifeOf(seen.owner, held);
  if (life !== 'unknown') return life;
  if (age + performance.now() - at >= stale) return 'dead';
  return beats ? 'alive' : 'unknown';
}

/**
 * @returns the unlock, or the present time by the file system's clock, when another process has it:
 *   the clocks of two machines that share a drive may differ
 */
async function attempt(path: string, options: Setting): Promise<Unlock | { readonly now: number }> {
  const owner = newOwner();
  const content = JSON.stringify(owner);
  const aside = asideOf(path);
  try {
    await makeFolder(dirname(path));
    const now = await writeNew(aside, content);
    if (!(await publish({ aside, path, content, link: options.link ?? link }))) return { now };
  } catch (error) {
    throw writeFailure(path, error);
  } finally {
    await rm(aside, { force: true }).catch(() => {});
  }
  const id = owner.id ?? '';
  held.add(id);
  const heartbeat = startHeartbeat(path, content, options.timing.beat);
  return async () => {
    heartbeat.stop();
    held.delete(id);
    // After a long sleep of this machine another may have taken it over.
    const found = await look(path).catch(() => undefined);
    if (found?.text === content) await rm(path, { force: true }).catch(() => {});
  };
}

async function pause(poll: number, { signal, busy }: LockOptions): Promise<void> {
  await sleep(poll, undefined, { signal }).catch(() => {});
  if (signal?.aborted) throw interruptedError(`interrupted while waiting: ${busy}`);
}

function lockedError(path: string, { owner }: Seen, { busy, patience = 0 }: LockOptions): Error {
  const waited = patience === 0 ? '' : `, waited for ${Math.round(patience / 1000)} s`;
  const holder = owner === undefined ? 'a process that left no name' : nameOf(owner);
  const error = usageError(busy, {
    expected: `that no other process holds ${path}`,
    found: `${holder}${waited}`,
    where: path,
    fix: `wait for it, or end it; if it has ended already, remove ${path}`,
  });
  LOCKED.add(error);
  return error;
}

const nameOf = ({ pid, host, since }: Owner) => `process ${pid} on ${host}, since ${since}`;

import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from '../base/errors.ts';
import { makeFolder } from '../base/folders.ts';
import { writeFailure } from '../base/write-failure.ts';

/** The owner touches its lock this often; one that was left alone for four times that is dead. */
const HEARTBEAT = 15_000;
const POLL = 200;

/**
 * Does some work while no other process does any under the same lock; waits for its turn.
 * @param path of the lock file, in the folder that is worked on
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { readonly onWait?: () => void; readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  await makeFolder(dirname(path));
  for (let waited = false; !(await take(path)); waited = true) {
    if (!waited) options.onWait?.();
    if (await isDead(path)) await removeDead(path);
    else await sleep(POLL, undefined, { signal: options.signal });
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

/** Written aside and linked, so that nobody reads half a lock. */
async function take(path: string): Promise<boolean> {
  const aside = asideOf(path);
  try {
    await writeFile(aside, JSON.stringify({ pid: process.pid, host: hostname() }));
    await link(aside, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw writeFailure(path, error);
  } finally {
    await rm(aside, { force: true });
  }
}

async function isDead(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > 4 * HEARTBEAT) return true;
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof owner !== 'object' || owner === null) return true;
    if (!('pid' in owner && 'host' in owner) || typeof owner.pid !== 'number') return true;
    return owner.host === hostname() && !isRunning(owner.pid);
  } catch (error) {
    // Gone in between: the next attempt may take it.
    return systemCode(error) === undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Moved away first: of several that find it dead, one succeeds. A live one that came between is put back. */
async function removeDead(path: string): Promise<void> {
  const aside = asideOf(path);
  try {
    await rename(path, aside);
    if (!(await isDead(aside))) await link(aside, path).catch(() => undefined);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

const asideOf = (path: string) => `${path}.${randomBytes(6).toString('hex')}`;

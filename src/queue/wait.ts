import { setTimeout as sleep } from 'node:timers/promises';
import { LONGEST_TIMER_MS } from '../base/duration.ts';

/** Waits, but no longer than until the signal. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}

/**
 * The result of a call to the broker, which waits as long as that is away; undefined at the signal.
 * @param late called with a result that comes after it
 */
export async function unlessAborted<T>(
  call: Promise<T>,
  signal: AbortSignal,
  late: (result: T) => void = () => {},
): Promise<T | undefined> {
  const here = new AbortController();
  const any = AbortSignal.any([signal, here.signal]);
  const aborted = pause(LONGEST_TIMER_MS, any).then(() => undefined);
  try {
    const first = await Promise.race([call.then((result) => ({ result })), aborted]);
    if (first !== undefined) return first.result;
  } finally {
    here.abort();
  }
  call.then(late, () => {});
  return undefined;
}

/** Waits for a call, but not for ever: whether it ended well in time. */
export async function within(milliseconds: number, call: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const ended = call.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    timer.abort();
  }
}

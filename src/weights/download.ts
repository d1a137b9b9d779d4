import { createWriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'undici';
import { messageOf, unavailableError } from '../base/errors.ts';
import { makeFolder } from '../base/folders.ts';
import { writeFailure } from '../base/write-failure.ts';
import { sizeOfFile } from './cache.ts';
import { connectionFix } from './connection-failure.ts';
import { discardPart, readTag, writeTag } from './download-part.ts';
import {
  bodyOf,
  isPassing,
  NoRanges,
  Passing,
  rangeOf,
  refusal,
  request,
  type Watchdog,
  watchdog,
} from './http-request.ts';

/** Bytes [start, end) of a remote file. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

export interface DownloadRequest {
  readonly url: string;
  /** The file of the partial download; bytes of a failed attempt are continued. */
  readonly part: string;
  /** The ranges wanted, one after the other; the whole file where absent. */
  readonly segments?: readonly Segment[];
  /** The number of bytes beyond which the download of a whole file is aborted. */
  readonly most?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: Patience;
}

export interface Patience {
  /** The number of attempts without progress before the download fails. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each one after. */
  readonly delay: number;
  /** Milliseconds without data after which an attempt is aborted. */
  readonly stall: number;
}

export const PATIENCE: Patience = { attempts: 5, delay: 500, stall: 30_000 };

/**
 * Downloads into `part`: retries where the connection or the server fails, and continues where it stopped.
 * The content is not checked.
 * @throws VggtuneError (unavailable) when the server refuses or fails for good; NoRanges
 */
export async function download(request: DownloadRequest): Promise<void> {
  const { part, patience = PATIENCE } = request;
  await makeFolder(dirname(part));
  for (let failures = 0; ; ) {
    const before = (await sizeOfFile(part)) ?? 0;
    try {
      if (await attempt(request, before)) return;
      failures = 0;
    } catch (error) {
      request.signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      const progressed = ((await sizeOfFile(part)) ?? 0) > before;
      failures = progressed ? 1 : failures + 1;
      if (failures >= patience.attempts) throw givenUp(request.url, error);
      await sleep(patience.delay * 2 ** (failures - 1), undefined, { signal: request.signal });
    }
  }
}

/** A range of a remote file in memory, and how large the file is. @throws as `download` */
export async function downloadRange(
  url: string,
  { start, end }: Segment,
  options: { readonly signal?: AbortSignal | undefined; readonly patience?: Patience } = {},
): Promise<{ bytes: Uint8Array; total: number }> {
  const { signal, patience = PATIENCE } = options;
  for (let failures = 1; ; failures++) {
    try {
      const watch = watchdog(patience.stall, signal);
      const response = await request(url, { range: `bytes=${start}-${end - 1}` }, watch.signal);
      try {
        if (response.status !== 206) throw await refusal(url, response, true);
        const bytes = await bodyOf(response, end - start);
        const range = rangeOf(response);
        const whole = range?.start === start && bytes.length === Math.min(end, range.total) - start;
        if (range === undefined || !whole) throw new NoRanges(url);
        return { bytes, total: range.total };
      } finally {
        watch.stop();
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      if (failures >= patience.attempts) throw givenUp(url, error);
      await sleep(patience.delay * 2 ** (failures - 1), undefined, { signal });
    }
  }
}

/** One request; true when nothing is left to fetch. */
async function attempt(job: DownloadRequest, have: number): Promise<boolean> {
  const place = placeOf(job.segments, have);
  if (place === undefined) return true;
  const { start, end } = place;
  const ranged = job.segments !== undefined || have > 0;
  const headers: Record<string, string> = {};
  if (ranged) headers.range = `bytes=${start}-${end === undefined ? '' : end - 1}`;
  const tag = await readTag(job.part);
  if (have > 0 && tag !== undefined) headers['if-range'] = tag;
  const watch = watchdog((job.patience ?? PATIENCE).stall, job.signal);
  try {
    const response = await request(job.url, headers, watch.signal);
    if (response.status === 416) throw await startOver(job.part, 'the rest is not there');
    if (response.status !== 206 && response.status !== 200) {
      throw await refusal(job.url, response, job.segments !== undefined);
    }
    if (job.segments !== undefined && response.status === 200) {
      await response.body?.cancel();
      // A changed file is sent whole instead of its rest; without a rest there are no ranges.
      throw have > 0 ? await startOver(job.part, 'the file has changed') : new NoRanges(job.url);
    }
    await receive(job, response, { have, start, end, watch });
  } finally {
    watch.stop();
  }
  return job.segments === undefined;
}

/** The position of the next byte in the remote file; undefined when none is left to fetch. */
function placeOf(
  segments: readonly Segment[] | undefined,
  have: number,
): { start: number; end: number | undefined } | undefined {
  if (segments === undefined) return { start: have, end: undefined };
  let before = 0;
  for (const { start, end } of segments) {
    const length = end - start;
    if (have < before + length) return { start: start + have - before, end };
    before += length;
  }
  return undefined;
}

async function receive(
  job: DownloadRequest,
  response: Response,
  state: { have: number; start: number; end: number | undefined; watch: Watchdog },
): Promise<void> {
  const resumed = response.status === 206;
  const range = rangeOf(response);
  if (resumed && range?.start !== state.start) throw await startOver(job.part, 'a wrong range');
  if (response.body === null) throw new Error('the answer is empty');
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  let done = resumed ? state.have : 0;
  const total = totalOf(job, { range, length });
  await writeTag(job.part, response.headers.get('etag'));
  const body = response.body;
  const { most = Number.POSITIVE_INFINITY } = job;
  const last = state.end === undefined ? most : state.have + state.end - state.start;
  async function* watched() {
    for await (const chunk of body) {
      state.watch.feed();
      done += (chunk as Uint8Array).length;
      if (done > last) throw tooLong(job.url, last);
      job.onProgress?.(done, total);
      yield chunk as Uint8Array;
    }
  }
  await pipeline(watched, createWriteStream(job.part, { flags: resumed ? 'a' : 'w' })).catch(
    async (error: unknown) => {
      if (done > last) await discardPart(job.part);
      throw writeFailure(job.part, error);
    },
  );
}

/** The total size of the download in bytes; 0 where it is unknown. */
function totalOf(
  { segments }: DownloadRequest,
  { range, length }: { range: { total: number } | undefined; length: number },
): number {
  if (segments !== undefined) return segments.reduce((sum, { start, end }) => sum + end - start, 0);
  return range?.total ?? (Number.isFinite(length) ? length : 0);
}

function tooLong(url: string, most: number): Error {
  return unavailableError(`${url} sends more than the file can have`, {
    expected: `at most ${most} bytes`,
    found: 'more',
    where: url,
    fix: 'check VGGTUNE_MIRROR, or name a file with --weights FILE',
  });
}

function givenUp(url: string, cause: unknown): Error {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  return unavailableError(`${url} cannot be downloaded`, {
    found: messageOf(inner),
    where: url,
    fix:
      connectionFix(cause) ??
      'check the network and the proxy variables; what has arrived is kept, so try again, or name a file with --weights FILE',
    cause,
  });
}

async function startOver(part: string, why: string): Promise<Error> {
  await discardPart(part);
  return new Passing(why);
}

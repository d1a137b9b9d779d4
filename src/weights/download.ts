import { createWriteStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { messageOf, systemCode, unavailableError, VggtuneError } from '../base/errors.ts';
import { makeFolder } from '../base/folders.ts';
import { writeFailure } from '../base/write-failure.ts';
import { sizeOfFile } from './cache.ts';

/** Bytes [start, end) of a remote file. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

export interface DownloadRequest {
  readonly url: string;
  /** Where the bytes gather; what is there from a broken attempt is gone on with. */
  readonly part: string;
  /** The ranges wanted, one after the other; the whole file where absent. */
  readonly segments?: readonly Segment[];
  /** A whole file with more bytes than that is given up. */
  readonly most?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: Patience;
}

export interface Patience {
  /** Attempts that bring nothing before the download is given up. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each one after. */
  readonly delay: number;
  /** Milliseconds without a byte after which an attempt is broken off. */
  readonly stall: number;
}

export const PATIENCE: Patience = { attempts: 5, delay: 500, stall: 30_000 };

/** The server sends whole files only: ask for the whole one. */
export class NoRanges extends Error {}

let agent: Dispatcher | undefined;
/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or not, as other tools take them. */
const proxies = (): Dispatcher => {
  agent ??= new EnvHttpProxyAgent();
  return agent;
};

/**
 * Downloads into `part`: tries again where the connection or the server fails, and goes on where it
 * was. Checks nothing of the content.
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

/** The bytes of an answer; of a longer one no more than tells that it is longer. */
async function bodyOf({ body }: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk as Uint8Array);
    length += (chunk as Uint8Array).length;
    if (length > most) break;
  }
  return new Uint8Array(Buffer.concat(chunks));
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

/** Where the next byte is in the remote file; undefined when there is none left to fetch. */
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

/** 0 when nobody says. */
function totalOf(
  { segments }: DownloadRequest,
  { range, length }: { range: { total: number } | undefined; length: number },
): number {
  if (segments !== undefined) return segments.reduce((sum, { start, end }) => sum + end - start, 0);
  return range?.total ?? (Number.isFinite(length) ? length : 0);
}

function rangeOf(response: Response): { start: number; total: number } | undefined {
  const header = response.headers.get('content-range') ?? '';
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(header) ?? [];
  if (start === undefined || total === undefined) return undefined;
  return { start: Number(start), total: Number(total) };
}

async function request(url: string, headers: Record<string, string>, signal: AbortSignal) {
  // Compression would make the lengths of ranges meaningless.
  const plain = { ...headers, 'accept-encoding': 'identity' };
  const options = { headers: plain, dispatcher: proxies(), signal, redirect: 'follow' } as const;
  const response = await fetch(url, options);
  if (!isDowngrade(url, response.url)) return response;
  await response.body?.cancel();
  throw unavailableError(`${url} leads to an address without encryption`, {
    expected: 'a redirect to https',
    found: new URL(response.url).origin,
    where: url,
    fix: 'fetch the file another way and name it with --weights FILE, or set VGGTUNE_MIRROR',
  });
}

/** A failure that may pass: the connection's, or a server's that is busy. */
class Passing extends Error {}

function isPassing(error: unknown): boolean {
  return !(error instanceof VggtuneError) && !(error instanceof NoRanges);
}

async function refusal(url: string, response: Response, ranges: boolean): Promise<Error> {
  await response.body?.cancel();
  const { status } = response;
  if (status >= 500 || status === 408 || status === 429) return new Passing(`status ${status}`);
  if (status < 400 && ranges) return new NoRanges(url);
  return unavailableError(`${url} cannot be downloaded`, {
    expected: 'the file',
    found: `status ${status} ${response.statusText}`.trim(),
    where: url,
    fix: 'fetch the file another way and name it with --weights FILE, or set VGGTUNE_MIRROR',
  });
}

function tooLong(url: string, most: number): Error {
  return unavailableError(`${url} sends more than the file can have`, {
    expected: `at most ${most} bytes`,
    found: 'more',
    where: url,
    fix: 'check VGGTUNE_MIRROR, or name a file with --weights FILE',
  });
}

/** A hop from https to http gives away what https is for. */
export function isDowngrade(asked: string, answered: string): boolean {
  return asked.startsWith('https:') && !answered.startsWith('https:');
}

function givenUp(url: string, cause: unknown): Error {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  return unavailableError(`${url} cannot be downloaded`, {
    found: messageOf(inner),
    where: url,
    fix: 'check the network and the proxy variables; what has arrived is kept, so try again, or name a file with --weights FILE',
    cause,
  });
}

async function startOver(part: string, why: string): Promise<Error> {
  await discardPart(part);
  return new Passing(why);
}

/** Removes what a download has gathered. */
export async function discardPart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(tagPath(part), { force: true });
}

// A part goes on only with the same remote file: its tag is kept beside it.
const tagPath = (part: string) => `${part}.etag`;

async function readTag(part: string): Promise<string | undefined> {
  return readFile(tagPath(part), 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** Whether it is known which version of a remote file a part is of. */
export async function hasTag(part: string): Promise<boolean> {
  return (await readTag(part)) !== undefined;
}

async function writeTag(part: string, tag: string | null): Promise<void> {
  // Weak tags promise nothing about bytes.
  if (tag === null || tag.startsWith('W/')) return rm(tagPath(part), { force: true });
  await writeFile(tagPath(part), tag).catch((error: unknown) => {
    throw writeFailure(part, error);
  });
}

interface Watchdog {
  readonly signal: AbortSignal;
  feed(): void;
  stop(): void;
}

/** Aborts when nobody feeds it for a while, or when `signal` does. */
function watchdog(milliseconds: number, signal: AbortSignal | undefined): Watchdog {
  const controller = new AbortController();
  const bite = () => controller.abort(new Passing(`no data for ${milliseconds / 1000} seconds`));
  const timer = setTimeout(bite, milliseconds);
  const all = signal === undefined ? [controller.signal] : [controller.signal, signal];
  return {
    signal: AbortSignal.any(all),
    feed: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  };
}

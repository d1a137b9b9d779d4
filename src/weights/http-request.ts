import type { Dispatcher, Response } from 'undici';
import { messageOf, unavailableError, usageError, VggtuneError } from '../base/errors.ts';

/** The server sends whole files only, so that the whole file must be requested. */
export class NoRanges extends Error {}

/** A transient failure of the connection, or of a busy server. */
export class Passing extends Error {}

export function isPassing(error: unknown): boolean {
  return !(error instanceof VggtuneError) && !(error instanceof NoRanges);
}

let agent: Dispatcher | undefined;
/**
 * The agent for HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or not, as other tools read them.
 * @throws VggtuneError (usage) where a proxy has no address
 */
function proxies({ EnvHttpProxyAgent }: typeof import('undici')): Dispatcher {
  try {
    agent ??= new EnvHttpProxyAgent();
    return agent;
  } catch (cause) {
    // What the variable holds is not shown: it may have a password.
    throw usageError('a proxy variable holds no address', {
      expected: 'http://HOST:PORT, with the scheme',
      found: messageOf(cause),
      where: 'HTTP_PROXY or HTTPS_PROXY, in capitals or not',
      fix: 'write it so, or unset the variable',
      cause,
    });
  }
}

export async function request(url: string, headers: Record<string, string>, signal: AbortSignal) {
  // Compression would make the lengths of ranges meaningless.
  const plain = { ...headers, 'accept-encoding': 'identity' };
  // Most runs fetch nothing, and loading this takes an eighth of a second.
  const undici = await import('undici');
  const dispatcher = proxies(undici);
  const options = { headers: plain, dispatcher, signal, redirect: 'follow' } as const;
  const response = await undici.fetch(url, options);
  if (!isDowngrade(url, response.url)) return response;
  await response.body?.cancel();
  throw unavailableError(`${url} leads to an address without encryption`, {
    expected: 'a redirect to https',
    found: new URL(response.url).origin,
    where: url,
    fix: 'fetch the file another way and name it with --weights FILE, or set VGGTUNE_MIRROR',
  });
}

/** Whether a redirect leaves https for http, which gives away what https protects. */
export function isDowngrade(asked: string, answered: string): boolean {
  return asked.startsWith('https:') && !answered.startsWith('https:');
}

export async function refusal(url: string, response: Response, ranges: boolean): Promise<Error> {
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

export function rangeOf(response: Response): { start: number; total: number } | undefined {
  const header = response.headers.get('content-range') ?? '';
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(header) ?? [];
  if (start === undefined || total === undefined) return undefined;
  return { start: Number(start), total: Number(total) };
}

/** The bytes of a response; of a longer one, only as many as show that it is longer. */
export async function bodyOf({ body }: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk as Uint8Array);
    length += (chunk as Uint8Array).length;
    if (length > most) break;
  }
  return new Uint8Array(Buffer.concat(chunks));
}

export interface Watchdog {
  readonly signal: AbortSignal;
  feed(): void;
  stop(): void;
}

/** Creates a watchdog, which aborts when it is not fed for a while, or when `signal` is aborted. */
export function watchdog(milliseconds: number, signal: AbortSignal | undefined): Watchdog {
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

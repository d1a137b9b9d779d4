import { basename, dirname, join } from 'node:path';
import { unavailableError, usageError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { withLock } from '../base/lock.ts';
import { renameFile } from '../base/rename.ts';
import type { Storage } from '../base/storage.ts';
import { writeFailure } from '../base/write-failure.ts';
import { cachedPath, findCached, type Part, weightsFolder } from './cache.ts';
import { checkCached } from './check-cached.ts';
import { download, type Patience } from './download.ts';
import { discardPart } from './download-part.ts';
import { fetchFeatures } from './fetch-features.ts';
import { NoRanges } from './http-request.ts';
import type { WeightsSource } from './sources.ts';
import { checkOfFeatures, verifyFile } from './verify.ts';

export interface FetchOptions {
  readonly storage: Storage;
  readonly part: Part;
  readonly offline?: boolean;
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
  readonly patience?: Patience;
}

/** The time to wait for another process: 550 MB take that long at 1.2 Mbit/s. */
const PATIENCE_MS = 3_600_000;

/**
 * The path of a published file in the cache folder, fetched where it is not there. Of several
 * processes one fetches and the others wait. What arrives is checked before it gets its name.
 * @throws VggtuneError (unavailable) when it cannot be had, or is not what was published
 */
export async function fetchWeights(source: WeightsSource, options: FetchOptions): Promise<string> {
  const cached = await findCached(options.storage, source, options.part);
  if (cached !== undefined) {
    await checkCached(cached, source);
    return cached;
  }
  if (options.offline === true) throw notHere(source, options.storage);
  const { emit, signal } = options;
  const onWait = (owner: string) =>
    emit?.({
      type: 'note',
      message: `waiting for another process that fetches ${source.file} (${owner})`,
    });
  return withLock(
    join(weightsFolder(options.storage), `.${source.file}.lock`),
    async () =>
      (await findCached(options.storage, source, options.part)) ??
      (await fetchNow(source, options)),
    {
      busy: `another process still fetches ${source.file}`,
      patience: PATIENCE_MS,
      onWait,
      signal,
    },
  );
}

async function fetchNow(source: WeightsSource, options: FetchOptions): Promise<string> {
  const url = sourceUrl(source, options.storage);
  options.emit?.({
    type: 'stage',
    stage: 'download',
    message: `fetching ${source.id} from ${url}`,
  });
  if (options.part === 'features' && source.format === 'safetensors') {
    try {
      const path = await fetchFeatures({
        source,
        url,
        path: cachedPath(options.storage, source, 'features'),
        ...callbacks(options),
      });
      if (checkOfFeatures(source) === 'own-hash') options.emit?.(notChecked(source));
      return path;
    } catch (error) {
      if (!(error instanceof NoRanges)) throw error;
      const message = `${url} sends no ranges: fetching the whole file`;
      options.emit?.({ type: 'note', message });
    }
  }
  return fetchWhole(source, url, options);
}

function notChecked({ id, backbone }: WeightsSource) {
  const message = `the convolutions of ${id} cannot be checked: only the hash of the whole file is published; \`vggtune weights fetch ${backbone} --all\` fetches and checks that`;
  return { type: 'note', message } as const;
}

async function fetchWhole(
  source: WeightsSource,
  url: string,
  options: FetchOptions,
): Promise<string> {
  const path = cachedPath(options.storage, source, 'all');
  const part = join(dirname(path), `.${basename(path)}.part`);
  const most = source.bytes ?? MOST_BYTES;
  await download({ url, part, most, ...callbacks(options) });
  try {
    await verifyFile(part, source);
  } catch (error) {
    await discardPart(part);
    throw error;
  }
  await renameFile(part, path).catch((error: unknown) => {
    throw writeFailure(path, error);
  });
  await discardPart(part);
  return path;
}

/** The largest download: twice the size of the largest published file. */
const MOST_BYTES = 2 ** 30;

/**
 * The address of a file: on the mirror where there is one, else where it was published.
 * @throws VggtuneError (usage) when it is no address that can be fetched from
 */
export function sourceUrl(source: WeightsSource, { mirror = '' }: Pick<Storage, 'mirror'>): string {
  if (mirror === '') return source.url;
  refuseMirror(mirror);
  return `${mirror.replace(/\/+$/, '')}/${source.file}`;
}

/** Refuses a mirror that is not a web address, without repeating a text that may hold a password. */
function refuseMirror(mirror: string): void {
  const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
  const web = url?.protocol === 'http:' || url?.protocol === 'https:';
  const secret = url !== undefined && (url.username !== '' || url.password !== '');
  if (web && !secret) return;
  throw usageError('VGGTUNE_MIRROR is no address to fetch from', {
    expected: 'an address such as https://mirror.example/vgg, without a name and a password',
    ...(secret ? { found: `a name or a password before ${url.host}` } : {}),
    where: 'VGGTUNE_MIRROR',
    fix: secret ? 'take them out, or use a mirror that asks for none' : 'correct it',
  });
}

const EVENT_INTERVAL = 100;

function callbacks({ emit, signal, patience }: FetchOptions) {
  let last = Number.NEGATIVE_INFINITY;
  const onProgress = (done: number, total: number) => {
    const now = performance.now();
    if (now - last < EVENT_INTERVAL && done !== total) return;
    last = now;
    emit?.({ type: 'progress', task: 'download', done, total, unit: 'bytes' });
  };
  return { onProgress, signal, ...(patience === undefined ? {} : { patience }) };
}

function notHere(source: WeightsSource, storage: Storage): Error {
  return unavailableError(`the weights ${source.id} are not on this machine`, {
    expected: source.file,
    where: weightsFolder(storage),
    fix: `run \`vggtune weights fetch ${source.backbone}\` without --offline, or download ${source.url} elsewhere and \`vggtune weights import FILE\`; or use --backbone vgg-nano, whose weights are part of vggtune`,
  });
}

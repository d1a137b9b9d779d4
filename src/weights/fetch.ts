import { basename, dirname, join } from 'node:path';
import { unavailableError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { withLock } from '../base/lock.ts';
import { renameFile } from '../base/rename.ts';
import { writeFailure } from '../base/write-failure.ts';
import { cachedPath, findCached, type Part, weightsFolder } from './cache.ts';
import { discardPart, download, NoRanges, type Patience } from './download.ts';
import { fetchFeatures } from './fetch-features.ts';
import type { WeightsSource } from './sources.ts';
import { verifyFile } from './verify.ts';

export interface FetchOptions {
  readonly part: Part;
  readonly offline?: boolean;
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
  readonly patience?: Patience;
}

/** 550 MB take so long at 1.2 Mbit/s. */
const PATIENCE_MS = 3_600_000;

/**
 * The path of a published file in the cache folder, fetched where it is not there. Of several
 * processes one fetches and the others wait. What arrives is checked before it gets its name.
 * @throws VggtuneError (unavailable) when it cannot be had, or is not what was published
 */
export async function fetchWeights(source: WeightsSource, options: FetchOptions): Promise<string> {
  const cached = await findCached(source, options.part);
  if (cached !== undefined) return cached;
  if (options.offline === true) throw notHere(source);
  const { emit, signal } = options;
  const onWait = (owner: string) =>
    emit?.({
      type: 'note',
      message: `waiting for another process that fetches ${source.file} (${owner})`,
    });
  return withLock(
    join(weightsFolder(), `.${source.file}.lock`),
    async () => (await findCached(source, options.part)) ?? (await fetchNow(source, options)),
    {
      busy: `another process still fetches ${source.file}`,
      patience: PATIENCE_MS,
      onWait,
      signal,
    },
  );
}

async function fetchNow(source: WeightsSource, options: FetchOptions): Promise<string> {
  const url = sourceUrl(source);
  options.emit?.({
    type: 'stage',
    stage: 'download',
    message: `fetching ${source.id} from ${url}`,
  });
  if (options.part === 'features' && source.format === 'safetensors') {
    try {
      return await fetchFeatures({ source, url, ...callbacks(options) });
    } catch (error) {
      if (!(error instanceof NoRanges)) throw error;
      const message = `${url} sends no ranges: fetching the whole file`;
      options.emit?.({ type: 'note', message });
    }
  }
  return fetchWhole(source, url, options);
}

async function fetchWhole(
  source: WeightsSource,
  url: string,
  options: FetchOptions,
): Promise<string> {
  const path = cachedPath(source, 'all');
  const part = join(dirname(path), `.${basename(path)}.part`);
  await download({ url, part, ...callbacks(options) });
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

/** `VGGTUNE_MIRROR/FILE`, where that is set; else where it was published. */
export function sourceUrl(source: WeightsSource, environment = process.env): string {
  const mirror = environment.VGGTUNE_MIRROR;
  if (mirror === undefined || mirror === '') return source.url;
  return `${mirror.replace(/\/+$/, '')}/${source.file}`;
}

const EVENT_INTERVAL = 100;

function callbacks({ emit, signal, patience }: FetchOptions) {
  let last = 0;
  const onProgress = (done: number, total: number) => {
    const now = Date.now();
    if (now - last < EVENT_INTERVAL && done !== total) return;
    last = now;
    emit?.({ type: 'progress', task: 'download', done, total, unit: 'bytes' });
  };
  return { onProgress, signal, ...(patience === undefined ? {} : { patience }) };
}

function notHere(source: WeightsSource): Error {
  return unavailableError(`the weights ${source.id} are not on this machine`, {
    expected: source.file,
    where: weightsFolder(),
    fix: `run \`vggtune weights fetch ${source.backbone}\` without --offline, or download ${source.url} elsewhere and \`vggtune weights import FILE\`; or use --backbone vgg-nano, whose weights are part of vggtune`,
  });
}

import { VggtuneError } from '../base/errors.ts';
import type { Storage } from '../base/storage.ts';
import type { BackboneName } from '../network/catalog.ts';
import { findCached, type Part } from './cache.ts';
import { connectionFix } from './connection-failure.ts';
import { downloadRange, type Patience } from './download.ts';
import { embeddedWeights } from './embedded.ts';
import { sourceUrl } from './fetch.ts';
import { NoRanges } from './http-request.ts';
import { publishedSource } from './sources.ts';

export interface AvailabilityOptions {
  readonly storage: Storage;
  readonly part: Part;
  /** Whether to look on this machine alone. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
}

/** One attempt of a few seconds: without a network, nobody should wait for it. */
const ONE_TRY: Patience = { attempts: 1, delay: 0, stall: 4000 };

/** The answers by address; a process asks once. */
const asked = new Map<string, Promise<string | undefined>>();

/**
 * Why the pretrained weights of a backbone cannot be had, in words; undefined where they are on this machine or can be
 * fetched. At most one byte is fetched to find out.
 */
export async function whyUnavailable(
  backbone: BackboneName,
  options: AvailabilityOptions,
): Promise<string | undefined> {
  if (embeddedWeights(backbone) !== undefined) return undefined;
  const source = publishedSource(backbone);
  if (source === undefined) return 'none are published';
  if ((await findCached(options.storage, source, options.part)) !== undefined) return undefined;
  if (options.offline === true) return 'nothing is to be fetched';
  const url = sourceUrl(source, options.storage);
  const known = asked.get(url) ?? answers(url, options.signal);
  asked.set(url, known);
  return known;
}

async function answers(url: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const byte = { start: 0, end: 1 };
    await downloadRange(url, byte, { signal, patience: ONE_TRY });
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    // A server that sends whole files only has the file.
    if (error instanceof NoRanges) return undefined;
    if (error instanceof VggtuneError) {
      const { found = error.message, expected, where } = error.details;
      // A wrong setting of the machine; what was found is a detail of it.
      if (error.kind === 'usage')
        return `they cannot be fetched (${error.message}; ${where}: ${expected})`;
      const fix = connectionFix(error);
      return `they cannot be fetched (${found})${fix === undefined ? '' : `; ${fix}`}`;
    }
    throw error;
  }
}

import { dataError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { type Batch, decodeBatches } from '../dataset/batches.ts';
import { createDecodedImageCache } from '../dataset/decoded-image-cache.ts';
import { printablePath } from '../dataset/file-names.ts';
import type { AugmentSpec, DecodeSpec } from '../dataset/types.ts';
import { countLosses, type LossCount } from './lost-images.ts';
import type { PixelBatch, PixelRequest, ReadPixels } from './sample-source.ts';

export interface PixelReaderOptions {
  /** The root of the data set. */
  readonly root: string;
  readonly spec: DecodeSpec;
  readonly augment: AugmentSpec;
  readonly seed: number;
  readonly maxPixels: number;
  /** What an image causes that became unreadable since the scan. */
  readonly onBad: 'skip' | 'fail';
  readonly emit: Emit;
}

/**
 * Reads pixels of a data set. An image that cannot be decoded any more is reported once; a pass over
 * images fails where `MOST_LOST` of them are gone.
 */
export function createPixelReader(options: PixelReaderOptions): ReadPixels {
  const reported = new Set<string>();
  const kept = createDecodedImageCache();

  function report(batch: Batch, requests: readonly PixelRequest[], losses: LossCount): void {
    for (const { index, reason } of batch.bad) {
      const path = requests[index]?.image.path ?? '';
      if (options.onBad === 'fail') throw badImage(path, reason);
      if (!reported.has(path)) {
        reported.add(path);
        options.emit({ type: 'image-skipped', path: printablePath(path), reason });
      }
      losses.add(path, reason);
    }
  }

  return async function* readPixels(requests, batchSize, { again = false, total } = {}) {
    const images = requests.map((request) => request.image);
    const view = (index: number) => requests[index]?.view ?? { kind: 'plain' as const };
    const request = { ...options, images, view, batchSize, ...(again && { kept }) };
    const losses = countLosses(options.root, total ?? requests.length);
    for await (const batch of decodeBatches(request)) {
      report(batch, requests, losses);
      yield withoutBad(batch);
    }
  };
}

/** The rows of a batch that could be decoded, moved together. */
function withoutBad({ pixels, indices, bad }: Batch): PixelBatch {
  if (bad.length === 0) return { pixels, positions: indices };
  const left = new Set(bad.map(({ index }) => index));
  const size = pixels.length / indices.length;
  const kept = indices.flatMap((index, row) => (left.has(index) ? [] : [{ index, row }]));
  kept.forEach(({ row }, to) => {
    pixels.copyWithin(to * size, row * size, (row + 1) * size);
  });
  return {
    pixels: pixels.subarray(0, kept.length * size),
    positions: kept.map(({ index }) => index),
  };
}

function badImage(path: string, reason: string): Error {
  return dataError(`${printablePath(path)} cannot be decoded`, {
    found: reason,
    where: printablePath(path),
    fix: 'mend or remove the file, or let image.onBad be skip',
  });
}

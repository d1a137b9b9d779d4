import { usageError } from '../../base/errors.ts';
import { evenSample } from '../../base/even-sample.ts';
import { decodeBatches } from '../../dataset/batches.ts';
import {
  createDecodedImageCache,
  DECODED_CACHE_BYTES,
  type DecodedImageCache,
} from '../../dataset/decoded-image-cache.ts';
import type { AugmentSpec, DecodeSpec } from '../../dataset/types.ts';
import { countLosses } from '../../training/lost-images.ts';
import type { LoadedData } from '../prepare/data.ts';

/** The cost of decoding an image. */
export interface DecodeCost {
  /** Seconds per image, with all threads at work. */
  readonly first: number;
  /** Seconds per image for one that was read before: less where small images are cached. */
  readonly again: number;
  /** The bytes of a cached image. */
  readonly keptBytes: number;
}

const DECODED = 64;
/** The shortest time that is measured: for small images, a single pass would measure noise. */
const LEAST_DECODE_SECONDS = 0.2;

/** The share of images that fit into the cache of decoded images. */
export function keptShare(images: number, { keptBytes }: DecodeCost): number {
  return keptBytes === 0 ? 0 : Math.min(1, DECODED_CACHE_BYTES / (images * keptBytes));
}

/**
 * Measures decoding on an evenly spaced sample of the data set.
 * @throws VggtuneError (data) when too many of them cannot be read
 */
export async function measureDecoding(
  { data, signal }: { readonly data: LoadedData; readonly signal: AbortSignal },
  { spec, augment }: { readonly spec: DecodeSpec; readonly augment: AugmentSpec | null },
): Promise<DecodeCost> {
  const images = evenSample(data.split.train, DECODED);
  if (images.length === 0) throw usageError('there is no image to train on');
  const pass = async (view: number, kept?: DecodedImageCache) => {
    const changed = augment === null ? {} : { augment, view: { kind: 'augmented', view } as const };
    const request = { root: data.index.root, images, spec, ...changed, batchSize: 16, signal };
    const losses = countLosses(request.root, images.length);
    for await (const { bad } of decodeBatches({ ...request, ...(kept && { kept }) })) {
      // The time of a file that is not there says nothing about images.
      losses.addAll(bad, images);
    }
  };
  const secondsAnImage = async (kept?: DecodedImageCache) => {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    let passes = 0;
    do await pass(++passes, kept);
    while (seconds() < LEAST_DECODE_SECONDS);
    return seconds() / (passes * images.length);
  };
  const kept = createDecodedImageCache();
  await pass(0, kept);
  const first = await secondsAnImage();
  const again = kept.bytes === 0 ? first : await secondsAnImage(kept);
  return { first, again, keptBytes: kept.bytes / images.length };
}

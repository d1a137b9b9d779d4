import { interruptedError } from '../base/errors.ts';
import { augmentationRng, drawAugmentation } from './augment.ts';
import { type DecodeOptions, decodeImage } from './decode.ts';
import { BadImage, reasonOf } from './decode-errors.ts';
import type { DecodedImageCache } from './decoded-image-cache.ts';
import { imagePath } from './file-names.ts';
import type { AugmentSpec, DecodeSpec, ImageEntry, View } from './types.ts';

export interface BatchRequest {
  /** The root of the data set. */
  readonly root: string;
  readonly images: readonly Pick<ImageEntry, 'path' | 'hash'>[];
  readonly spec: DecodeSpec;
  /** The augmentation of augmented views. */
  readonly augment?: AugmentSpec;
  readonly seed?: number;
  /** The view of all images, or of each by its index; plain by default. */
  readonly view?: View | ((index: number) => View);
  readonly batchSize: number;
  /** The number of batches that are decoded ahead; memory grows with it. 2 by default. */
  readonly ahead?: number;
  readonly maxPixels?: number;
  /** A cache of decoded images of the same root and spec. */
  readonly kept?: DecodedImageCache;
  readonly signal?: AbortSignal;
}

export interface Batch {
  /** uint8 RGB, [indices.length, size, size, 3]; zeros where an image is bad. */
  readonly pixels: Uint8Array;
  /** The position of each in `images`. */
  readonly indices: readonly number[];
  /** Images that cannot be decoded any more. */
  readonly bad: readonly { readonly index: number; readonly reason: string }[];
}

/**
 * Decodes images in batches, in the order given, ahead of whoever takes them: sharp's threads work
 * on the next batches while the main thread computes. An image that went bad since the scan is
 * reported in its batch. Stopping early (`break`) waits for what is being decoded at that moment.
 *
 * @throws VggtuneError (interrupted) between batches, on the signal; (data) when the machine failed
 */
export async function* decodeBatches(request: BatchRequest): AsyncGenerator<Batch, void, void> {
  const { images, batchSize, signal } = request;
  const pending: Promise<Batch>[] = [];
  const stop = new AbortController();
  let next = 0;
  const startMore = () => {
    while (next < images.length && pending.length <= (request.ahead ?? 2)) {
      const count = Math.min(batchSize, images.length - next);
      const batch = decodeBatch(request, next, { count, stopped: stop.signal });
      // It may fail before its turn has come: whoever takes it hears of it.
      batch.catch(() => {});
      pending.push(batch);
      next += count;
    }
  };
  try {
    for (startMore(); pending.length > 0; ) {
      refuseIfAborted(signal);
      const batch = await pending.shift();
      refuseIfAborted(signal);
      startMore();
      if (batch !== undefined) yield batch;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(pending);
  }
}

function refuseIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw interruptedError('interrupted while images were decoded');
}

/** An image that cannot be used is an entry in `bad`; any other failure ends the work. */
async function decodeBatch(
  request: BatchRequest,
  start: number,
  of: { readonly count: number; readonly stopped: AbortSignal },
): Promise<Batch> {
  const bytes = request.spec.size ** 2 * 3;
  const pixels = new Uint8Array(of.count * bytes);
  const indices = Array.from({ length: of.count }, (_, i) => start + i);
  const reasons = await Promise.all(
    indices.map(async (index, row) => {
      try {
        pixels.set(await decodeOne(request, index, of.stopped), row * bytes);
        return undefined;
      } catch (error) {
        if (!(error instanceof BadImage)) throw error;
        return reasonOf(error);
      }
    }),
  );
  const bad = indices.flatMap((index, row) => {
    const reason = reasons[row];
    return reason === undefined ? [] : [{ index, reason }];
  });
  return { pixels, indices, bad };
}

async function decodeOne(
  request: BatchRequest,
  index: number,
  stopped: AbortSignal,
): Promise<Uint8Array> {
  const image = request.images[index];
  if (image === undefined) throw new RangeError(`no image ${index}`);
  const { augment, seed = 0, view = { kind: 'plain' }, maxPixels, kept } = request;
  const wanted = typeof view === 'function' ? view(index) : view;
  const common: DecodeOptions = {
    signal: stopped,
    ...(maxPixels === undefined ? {} : { maxPixels }),
    ...(kept === undefined ? {} : { kept }),
  };
  const path = imagePath(request.root, image.path);
  if (wanted.kind === 'plain' || augment === undefined) {
    return decodeImage(path, request.spec, common);
  }
  const rng = augmentationRng(seed, image.hash, wanted.view);
  return decodeImage(path, request.spec, {
    ...common,
    augment: (size) => drawAugmentation(augment, rng, size),
  });
}

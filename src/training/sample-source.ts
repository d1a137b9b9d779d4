import type { ImageEntry, View } from '../dataset/types.ts';
import type { Activations, Pixels } from '../engines/engine.ts';

export interface PixelRequest {
  readonly image: ImageEntry;
  readonly view: View;
}

export interface PixelBatch {
  /** uint8 RGB [positions.length, size, size, 3]; valid until the next batch is asked for. */
  readonly pixels: Pixels;
  /** Which of the requests these are, in order. An image that cannot be decoded is left out. */
  readonly positions: readonly number[];
}

/**
 * Decodes images in the order asked for, in batches of `batchSize` requests, ahead of its reader.
 * @throws VggtuneError (data) when too many of them cannot be read
 */
export type ReadPixels = (
  requests: readonly PixelRequest[],
  batchSize: number,
  options?: {
    /** Whether the same images will be read again: small ones are then cached. */
    readonly again?: boolean;
    /** The number of images of the whole pass, where these are the rest of it. */
    readonly total?: number;
  },
) => AsyncIterable<PixelBatch>;

/** Input rows of a trainable suffix. */
export interface RowBatch {
  /** Valid until the next batch is asked for. */
  readonly rows: Pixels | Activations;
  /** Position in `labels` of each row; can be empty when none of a batch could be decoded. */
  readonly positions: readonly number[];
}

/** The samples of a phase: pixels, or activations at its freeze boundary. */
export interface RowSource {
  /** The label of each image. */
  readonly labels: readonly number[];
  /**
   * @param order positions in `labels`
   * @param epoch picks the augmented view
   */
  batches(
    order: readonly number[],
    options: { readonly batchSize: number; readonly epoch: number },
  ): AsyncIterable<RowBatch>;
}

/** Samples whose images are known. */
export interface ImageRows extends RowSource {
  /** The image of each label. */
  readonly images: readonly ImageEntry[];
}

/** Which view of the training images an epoch sees. */
export type ViewOfEpoch = (epoch: number) => View;

/**
 * @param augmented whether augmentation changes anything
 * @param views different views of an image; 0: a new one each epoch
 */
export function viewsByEpoch(augmented: boolean, views: number): ViewOfEpoch {
  if (!augmented) return () => ({ kind: 'plain' });
  return (epoch) => ({ kind: 'augmented', view: views === 0 ? epoch : epoch % views });
}

/** Pixels as they are: the input of a network that is trained from its first layer. */
export function pixelSource(options: {
  readonly images: readonly ImageEntry[];
  readonly view: ViewOfEpoch;
  readonly readPixels: ReadPixels;
}): ImageRows {
  const { images, view, readPixels } = options;
  return {
    images,
    labels: images.map((image) => image.label),
    async *batches(order, { batchSize, epoch }) {
      const chosen = order.map((position) => ({
        image: images[position] as ImageEntry,
        view: view(epoch),
      }));
      const whole = { again: true, total: images.length };
      for await (const { pixels, positions } of readPixels(chosen, batchSize, whole)) {
        yield { rows: pixels, positions: positions.map((at) => order[at] as number) };
      }
    },
  };
}

/** Splits a list into pieces of at most `size`. */
export function piecesOf<T>(items: readonly T[], size: number): T[][] {
  const pieces: T[][] = [];
  for (let start = 0; start < items.length; start += size) {
    pieces.push(items.slice(start, start + size));
  }
  return pieces;
}

/** Activations with each value multiplied by a factor; not for pixels. */
export function scaledRows(source: RowSource, factor: number): RowSource {
  return {
    labels: source.labels,
    async *batches(order, options) {
      for await (const { rows, positions } of source.batches(order, options)) {
        if (rows instanceof Uint8Array) throw new TypeError('pixels have no scale');
        yield { rows: rows.map((value) => value * factor), positions };
      }
    },
  };
}

import { dataError } from '../../base/errors.ts';
import { evenSample } from '../../base/even-sample.ts';
import type { Emit } from '../../base/events.ts';
import { createRng } from '../../base/rng.ts';
import { decodeBatches } from '../../dataset/batches.ts';
import type { DecodeSpec } from '../../dataset/types.ts';
import type { LabelledHash, SplitRecord } from '../../run/record.ts';

/** An image of a run as its network takes it. */
export interface LabelledPixels {
  /** uint8 RGB [size, size, 3] */
  readonly pixels: Uint8Array;
  /** Undefined for an image that is not of the run. */
  readonly label: number | undefined;
}

export interface RunImages {
  /** The root of the data set. */
  readonly root: string;
  readonly split: SplitRecord;
  readonly spec: DecodeSpec;
  readonly emit: Emit;
}

/** Images that the network was not trained on; training images where there are no others. */
export async function checkImages(
  images: RunImages,
  count: number,
): Promise<readonly LabelledPixels[]> {
  const { split, spec, emit } = images;
  const held = [...split.val, ...split.test];
  const found = await decoded(images, evenSample(held.length > 0 ? held : split.train, count));
  if (found.length > 0) return found;
  emit({
    type: 'warning',
    code: 'no-check-images',
    message: `the images of the run are no longer in ${images.root}: the export is checked on noise instead`,
  });
  return Array.from({ length: Math.min(count, 4) }, (_, i) => noise(spec.size, i));
}

/** @throws VggtuneError (data) when none of them is there any more */
export async function calibrationImages(
  images: RunImages,
  count: number,
): Promise<readonly Uint8Array[]> {
  const found = await decoded(images, evenSample(images.split.train, count));
  if (found.length > 0) return found.map(({ pixels }) => pixels);
  throw dataError('there are no training images to calibrate the 8-bit scales on', {
    expected: `the ${images.split.train.length} training images of the run`,
    found: 'none of them',
    where: images.root,
    fix: 'put the images back where they were, or name their folder with --data',
  });
}

const BATCH = 8;

async function decoded(
  { root, spec }: RunImages,
  images: readonly LabelledHash[],
): Promise<LabelledPixels[]> {
  const found: LabelledPixels[] = [];
  for await (const batch of decodeBatches({ root, images, spec, batchSize: BATCH })) {
    const bad = new Set(batch.bad.map(({ index }) => index));
    const row = batch.pixels.length / batch.indices.length;
    batch.indices.forEach((index, at) => {
      if (bad.has(index)) return;
      const pixels = batch.pixels.slice(at * row, (at + 1) * row);
      found.push({ pixels, label: images[index]?.label });
    });
  }
  return found;
}

function noise(size: number, seed: number): LabelledPixels {
  const rng = createRng('export-noise', seed);
  const pixels = Uint8Array.from({ length: size * size * 3 }, () => rng.integer(256));
  return { pixels, label: undefined };
}

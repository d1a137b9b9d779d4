import { join } from 'node:path';
import { dataError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import type { RunConfig } from '../../config/schema.ts';
import { scanDataset } from '../../dataset/scan.ts';
import type { DatasetIndex, ImageEntry, Side } from '../../dataset/types.ts';
import type { SplitRecord } from '../../run/record.ts';
import { readPlan, readRecord } from '../../run/run-records.ts';
import { runPaths } from '../../run/store.ts';
import { movedImages } from './moved-images.ts';
import type { WorkContext } from './work-context.ts';

const SIDES = ['train', 'val', 'test'] as const;

export interface ImagesRequest extends WorkContext {
  readonly run: string;
  readonly data?: string;
  readonly side?: Side;
}

/**
 * Images to measure on: a subset of the run, or another folder and perhaps a subset that its layout names.
 */
export type Images = { readonly root: string; readonly entries: readonly ImageEntry[] } & (
  | { readonly side: Side; readonly data?: undefined }
  | { readonly side?: Side | undefined; readonly data: string }
);

/** @throws VggtuneError when there are none, or some are gone */
export async function imagesOf(
  request: ImagesRequest,
  { config, classes }: { readonly config: RunConfig; readonly classes: readonly string[] },
): Promise<Images> {
  const { storage, emit, signal, data } = request;
  const { onBad, maxPixels } = config.image;
  const options = { cache: storage.folder, emit, signal, onBad, maxPixels, classes, verify: false };
  if (data === undefined) {
    const index = await scanDataset(config.data, options).catch((error: unknown) => {
      throw movedImages(error, config.data, 'vggtune evaluate RUN --data FOLDER');
    });
    const images = await splitSide(request, index.images);
    if (images.side === 'val') await warnOfRefit(request);
    return { root: index.root, ...images };
  }
  const index = await scanDataset(data, options);
  const entries = namedImages(index, { data, side: request.side });
  const { trained } = await trainedHashes(request.run);
  warnOfTrained(entries, { trained, data, emit });
  return { root: index.root, data, side: request.side, entries };
}

/** The subset that a run is measured on by default. */
export const ownSide = (split: SplitRecord): Side => (split.test.length > 0 ? 'test' : 'val');

/** @throws VggtuneError (data) when the folder has no images on the side that is asked for */
function namedImages(
  { images }: DatasetIndex,
  { data, side }: { readonly data: string; readonly side: Side | undefined },
): readonly ImageEntry[] {
  if (side === undefined) return images;
  const named = images.filter((image) => image.side === side);
  if (named.length > 0) return named;
  const present = SIDES.filter((name) => images.some((image) => image.side === name));
  throw dataError(`${data} has no ${side} images`, {
    expected: `a folder ${side} above the classes, or a column split in a CSV`,
    found:
      present.length > 0
        ? `images on ${present.join(', ')}`
        : `${images.length} images, and no sides`,
    where: data,
    fix: 'leave --side out to measure on all of its images, or name another one',
  });
}

/** Warns of images that the network was trained on, since metrics on them say little about new images. */
function warnOfTrained(
  entries: readonly ImageEntry[],
  of: { readonly trained: ReadonlySet<string>; readonly data: string; readonly emit: Emit },
): void {
  const count = entries.filter(({ hash }) => of.trained.has(hash)).length;
  if (count === 0) return;
  const message = `${count} of the ${entries.length} images of ${of.data} were trained on: the figures say little of new images`;
  of.emit({ type: 'warning', code: 'trained-on', message });
}

/** The hashes of the images that a run's network was trained on: with a refit the validation images, too. */
async function trainedHashes(run: string) {
  const paths = runPaths(run);
  const split = await readRecord(paths, 'split');
  const refit = (await readPlan(paths))?.refit === true;
  const images = refit ? [...split.train, ...split.val] : split.train;
  return { trained: new Set(images.map(({ hash }) => hash)), refit };
}

async function warnOfRefit({ run, emit }: ImagesRequest): Promise<void> {
  const { refit } = await trainedHashes(run);
  if (!refit) return;
  const message =
    'the validation images were trained on too, once they had chosen (refit): these figures say little of new images; metrics.json has those of before';
  emit({ type: 'warning', code: 'trained-on', message });
}

/** The images of a subset as split.json lists them: by content, wherever the files are now. */
async function splitSide(request: ImagesRequest, present: readonly ImageEntry[]) {
  const split = await readRecord(runPaths(request.run), 'split');
  const side = request.side ?? ownSide(split);
  if (split[side].length === 0) {
    throw dataError(`the run has no ${side} images`, {
      expected: `a subset with images: ${SIDES.filter((name) => split[name].length > 0).join(', ')}`,
      where: join(request.run, 'split.json'),
      fix: 'name another --side, or other images with --data',
    });
  }
  const byPath = new Map(present.map((image) => [image.path, image]));
  const gone = split[side].filter(({ path, hash }) => byPath.get(path)?.hash !== hash);
  if (gone.length > 0) {
    throw dataError(`${gone.length} images of the ${side} subset are gone or have changed`, {
      expected: `the ${split[side].length} images of split.json`,
      found: gone
        .slice(0, 5)
        .map(({ path }) => path)
        .join(', '),
      where: request.run,
      fix: 'put them back, or name labelled images with --data',
    });
  }
  return { side, entries: split[side] };
}

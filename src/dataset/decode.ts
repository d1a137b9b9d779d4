import { readFile } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { sha256 } from '../base/hash.ts';
import type { AugmentParameters } from './augment.ts';
import { changeColours } from './colour.ts';
import {
  byDecoder,
  described,
  isAboutImage,
  machineFailure,
  Refusal,
  reasonOf,
  refuseTooLarge,
  refuseTooLong,
} from './decode-errors.ts';
import { fileSystemPath, printablePath } from './file-names.ts';
import { notReadReason } from './foreign-kinds.ts';
import { centrePlacement, cropPlacement, type ImageSize, type Placement } from './geometry.ts';
import { refuseOtherKinds, refuseSamples } from './image-kind.ts';
import type { KeptPictures } from './kept-pictures.ts';
import { type Picture, resample } from './resample.ts';
import { rotateSquare } from './rotate.ts';
import type { DecodeSpec } from './types.ts';

// Many small images run side by side in libuv's threads; more threads inside each one cost more
// than they bring, and a cache of operations never sees the same file twice in a row.
sharp.concurrency(1);
sharp.cache(false);

// Of libvips' loaders only those of the kinds that are read: each of the others is a parser that any
// file could reach.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map(
    (kind) => `VipsForeignLoad${kind}`,
  ),
});

/** A file's path, or the bytes of an encoded image. */
export type ImageSource = string | Uint8Array;

/** What an image says of itself, before any pixel is decoded. */
export interface ImageHeader extends ImageSize {
  /** `jpeg`, `png`, `webp`, `gif`, `tiff` or `avif`. Width and height are those of the upright image. */
  readonly format: string;
  readonly cmyk: boolean;
}

export interface DecodeOptions {
  /** Larger images are refused from their header, before memory is taken. */
  readonly maxPixels?: number;
  /** The changes to make, given the upright image's size; without it the centre is taken. */
  readonly augment?: (image: ImageSize) => AugmentParameters;
  /** Gives up between the header and the pixels. */
  readonly signal?: AbortSignal;
  /** Where small images, decoded, are kept for the next time. */
  readonly kept?: KeptPictures;
}

/** sharp's own limit: 16383 x 16383. */
export const DEFAULT_MAX_PIXELS = 268_402_689;

const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif']);

/** Changes when decoded pixels could: remembered results and cached features depend on it. */
export const DECODER = sha256(JSON.stringify([5, sharp.versions])).slice(0, 16);

/** @throws VggtuneError (data) whose `found` says why the file is no image that can be read */
export async function readHeader(source: ImageSource): Promise<ImageHeader> {
  return described(source, async () => {
    await refuseOtherKinds(source);
    await refuseSamples(source);
    const input = await inputOf(source);
    const metadata = await byDecoder(() =>
      sharp(input, { limitInputPixels: false, failOn: 'error' }).metadata(),
    );
    const format = formatOf(metadata);
    if (!FORMATS.has(format)) throw new Refusal(notReadReason(format));
    refuseManyBands(metadata);
    return { format, ...metadata.autoOrient, cmyk: metadata.space === 'cmyk' };
  });
}

/** The most bands of a colour space, with one for transparency. */
const MOST_BANDS: Readonly<Record<string, number>> = { 'b-w': 2, grey16: 2, cmyk: 5 };

/** Bands of a satellite, say, are no colours: nobody knows which of them are red, green and blue. */
function refuseManyBands({ space, channels }: Metadata): void {
  const most = MOST_BANDS[space] ?? 4;
  if (channels <= most && space !== 'multiband') return;
  throw new Refusal(
    `${channels} bands that are no colours: choose three of them and save those as RGB`,
  );
}

function formatOf(metadata: Metadata): string {
  if (metadata.format !== 'heif') return metadata.format;
  return metadata.compression === 'av1' ? 'avif' : 'heic';
}

/**
 * An image as the network takes it: the first frame or page, upright by its EXIF orientation, in
 * sRGB (CMYK through its ICC profile, or a common one; an RGB profile is left alone, as it was when
 * the published networks were trained), 8 bits, transparent pixels on the background, resized with
 * an antialiased bilinear filter (PIL's and torchvision's) and cropped.
 *
 * @returns RGB, [size, size, 3]
 * @throws VggtuneError (data) whose `found` says what is wrong with the file
 */
export async function decodeImage(
  source: ImageSource,
  spec: DecodeSpec,
  options: DecodeOptions = {},
): Promise<Uint8Array> {
  const kept = typeof source === 'string' ? options.kept?.get(source) : undefined;
  if (kept !== undefined) return placed(kept, spec, options);
  const header = await readHeader(source);
  return described(source, async () => {
    const limit = options.maxPixels ?? DEFAULT_MAX_PIXELS;
    refuseTooLarge(header, limit);
    options.signal?.throwIfAborted();
    const image = flattened(await openImage(source, header, limit), spec.background);
    if (isSmall(header)) {
      const picture = await wholePicture(image, header);
      if (typeof source === 'string') options.kept?.add(source, picture);
      return placed(picture, spec, options);
    }
    const changes = options.augment?.(header);
    const placement = placementOf(header, spec, changes);
    // A drawn crop may lie half a pixel off; enlarging all of a large image for it would cost more.
    if (changes?.crop === undefined && enlarges(header, placement)) {
      return changed(await wholePicture(image, header), { spec, placement, changes });
    }
    const scaled = resized(image, placement).extract(windowOf(placement, spec.size));
    return withChanges(await rawPixels(scaled.flop(changes?.flip ?? false)), spec, changes);
  });
}

/**
 * Up to so many pixels an image is resampled here, however it is placed: setting up a pipeline of
 * libvips costs more than that takes, and an image that is kept needs none.
 */
const SMALL = 128 * 128;

const isSmall = ({ width, height }: ImageSize) => width * height <= SMALL;

/** A whole decoded picture as the network takes it. */
function placed(picture: Picture, spec: DecodeSpec, { augment }: DecodeOptions): Uint8Array {
  const changes = augment?.(picture);
  return changed(picture, { spec, placement: placementOf(picture, spec, changes), changes });
}

interface Placing {
  readonly spec: DecodeSpec;
  readonly placement: Placement;
  readonly changes: AugmentParameters | undefined;
}

function changed(picture: Picture, { spec, placement, changes }: Placing): Uint8Array {
  const mirrored = changes?.flip ?? false;
  const window = { ...windowOf(placement, spec.size), mirrored };
  return withChanges(resample(picture, placement, window), spec, changes);
}

function placementOf(header: ImageSize, spec: DecodeSpec, changes?: AugmentParameters): Placement {
  const crop = changes?.crop;
  if (crop === undefined) return centrePlacement(header, spec);
  return cropPlacement(header, crop, spec.size);
}

const windowOf = ({ left, top }: Placement, size: number) => ({
  left,
  top,
  width: size,
  height: size,
});

/**
 * The whole upright image squeezed into a small square, whatever its shape: what near-duplicates are
 * told by. It takes the quick way (a JPEG is shrunk while decoding), so it is no input for a network.
 *
 * @returns RGB, [side, side, 3]
 * @throws VggtuneError (data) as `decodeImage`
 */
export async function decodeThumbnail(
  source: ImageSource,
  { side, background, maxPixels = DEFAULT_MAX_PIXELS }: ThumbnailSpec,
): Promise<Uint8Array> {
  const header = await readHeader(source);
  return described(source, async () => {
    refuseTooLarge(header, maxPixels);
    const image = await openImage(source, header, maxPixels);
    return rawPixels(
      flattened(image, background).resize(side, side, { fit: 'fill', kernel: 'linear' }),
    );
  });
}

/**
 * The whole upright image, nothing cropped, with its shorter side as asked for; otherwise as
 * `decodeImage` makes it. What a fully convolutional network takes.
 *
 * @param spec `maxScaled`: the most pixels that the scaled image may have
 * @throws VggtuneError (data) as `decodeImage`
 */
export async function decodeWhole(
  source: ImageSource,
  spec: Pick<DecodeSpec, 'background'> & { readonly shorter: number; readonly maxScaled: number },
): Promise<Picture> {
  const header = await readHeader(source);
  return described(source, async () => {
    refuseTooLarge(header, DEFAULT_MAX_PIXELS);
    const { shorter, background, maxScaled } = spec;
    const { width, height } = centrePlacement(header, { size: 1, resize: shorter, background });
    refuseTooLong({ width, height }, maxScaled);
    const opened = await openImage(source, header, DEFAULT_MAX_PIXELS);
    const image = flattened(opened, background);
    const scaled = { width, height };
    const pixels =
      isSmall(header) || enlarges(header, scaled)
        ? resample(await wholePicture(image, header), scaled, { left: 0, top: 0, ...scaled })
        : await rawPixels(resized(image, scaled));
    return { width, height, pixels };
  });
}

export interface ThumbnailSpec {
  readonly side: number;
  readonly background: string;
  readonly maxPixels?: number;
}

async function openImage(
  source: ImageSource,
  header: ImageHeader,
  limitInputPixels: number,
): Promise<Sharp> {
  const input = await inputOf(source);
  return byDecoder(async () =>
    sharp(input, {
      failOn: 'error',
      limitInputPixels,
      ignoreIcc: !header.cmyk,
      autoOrient: true,
    }),
  );
}

/** Transparent pixels on the background, in sRGB. */
function flattened(image: Sharp, background: string): Sharp {
  return image.flatten({ background }).toColourspace('srgb');
}

/** Without the fast shrink a JPEG is shrunk while decoding to twice the wanted size at most. */
function resized(image: Sharp, { width, height }: ImageSize): Sharp {
  return image.resize(width, height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
}

/** Whether the shorter side grows: then the longer one does too, but for rounding. */
function enlarges(image: ImageSize, scaled: ImageSize): boolean {
  return scaled.width > image.width || scaled.height > image.height;
}

async function wholePicture(image: Sharp, { width, height }: ImageSize): Promise<Picture> {
  return { width, height, pixels: await rawPixels(image) };
}

async function rawPixels(image: Sharp): Promise<Uint8Array> {
  const raw = image.raw({ depth: 'uchar' });
  const { data, info } = await byDecoder(() => raw.toBuffer({ resolveWithObject: true }));
  if (info.channels !== 3) throw new Refusal(`${info.channels} channels where 3 were expected`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What is done to the square that was cut out: the turn, then the colours. */
function withChanges(
  pixels: Uint8Array,
  { size, background }: DecodeSpec,
  changes: AugmentParameters | undefined,
): Uint8Array {
  if (changes === undefined) return pixels;
  const { angle: degrees } = changes;
  if (degrees !== 0) rotateSquare(pixels, { size, degrees, background });
  changeColours(pixels, changes);
  return pixels;
}

/** What decoding every pixel of an image shows. */
export interface Examined {
  /** Why it cannot be used, if it cannot. */
  readonly defect?: string;
  /** Nothing can be seen in it: it is nearly black, or one grey. */
  readonly blank?: boolean;
}

/** Decodes every pixel once, in a stream, and keeps none: a file that passes will decode later. */
export async function examine(source: ImageSource, maxPixels: number): Promise<Examined> {
  const strict = await decodeFully(source, { failOn: 'warning', limitInputPixels: maxPixels });
  if (strict.defect === undefined || !HARMLESS.test(strict.defect)) return strict;
  return decodeFully(source, { failOn: 'error', limitInputPixels: maxPixels });
}

/**
 * Libraries warn of much that costs no pixel (odd colour profiles, bytes after the last one, headers that viewers
 * overlook), and only by a warning of JPEG data that went wrong in the middle. These warnings are the former, of the
 * list in libjpeg's jerror.h; bad codes, missing restarts and an early end are the latter.
 */
const HARMLESS =
  /Warning treated as error|extraneous bytes|Invalid SOS parameters|unknown JFIF revision|Adobe color transform|bad ICC marker|Inconsistent progression/i;

/** Side of the small image on which contrast is looked for. */
const LOOK = 32;
/** Of 255: what an image without contrast differs by at most, and the brightest that a black one is. */
const NO_CONTRAST = 2;
const BLACK = 15;

async function decodeFully(
  source: ImageSource,
  options: { readonly failOn: 'warning' | 'error'; readonly limitInputPixels: number },
): Promise<Examined> {
  try {
    const input = await inputOf(source);
    const look = await byDecoder(() =>
      sharp(input, { ...options, ignoreIcc: true })
        // Given a colour space at the start, a JPEG is not shrunk while decoding, which hides damage.
        .pipelineColourspace('srgb')
        .resize(LOOK, LOOK, { fit: 'fill', kernel: 'linear' })
        .raw({ depth: 'uchar' })
        .toBuffer(),
    );
    const [least, most] = look.reduce(
      ([low, high], x) => [Math.min(low, x), Math.max(high, x)],
      [255, 0],
    );
    return most - least <= NO_CONTRAST || most <= BLACK ? { blank: true } : {};
  } catch (error) {
    if (isAboutImage(error)) return { defect: reasonOf(error) };
    throw machineFailure(
      typeof source === 'string' ? printablePath(source) : 'an image in memory',
      error,
    );
  }
}

/** sharp opens a path by itself, in its own thread; only bytes that are no UTF-8 are read here. */
async function inputOf(source: ImageSource): Promise<string | Uint8Array> {
  if (typeof source !== 'string') return source;
  const path = fileSystemPath(source);
  return typeof path === 'string' ? path : readFile(path);
}

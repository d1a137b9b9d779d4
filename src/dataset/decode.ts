import type { AugmentParameters } from './augment.ts';
import { openCmyk } from './cmyk.ts';
import { changeColours } from './colour.ts';
import { byDecoder, described, Refusal, refuseTooLarge, refuseTooLong } from './decode-errors.ts';
import type { DecodedImageCache } from './decoded-image-cache.ts';
import { centrePlacement, cropPlacement, type ImageSize, type Placement } from './geometry.ts';
import { type ImageHeader, readHeader } from './image-header.ts';
import { type ImageSource, inputOf } from './image-source.ts';
import { withoutOtherBand } from './other-band.ts';
import { type Picture, resample } from './resample.ts';
import { rotateSquare } from './rotate.ts';
import { type Sharp, sharp } from './sharp.ts';
import type { DecodeSpec } from './types.ts';

export interface DecodeOptions {
  /** Larger images are refused from their header, before memory is taken. */
  readonly maxPixels?: number;
  /** Draws the augmentation, given the size of the upright image; without it the centre is taken. */
  readonly augment?: (image: ImageSize) => AugmentParameters;
  /** Gives up between the header and the pixels. */
  readonly signal?: AbortSignal;
  /** The cache of decoded small images. */
  readonly kept?: DecodedImageCache;
}

/** sharp's own limit: 16383 x 16383. */
export const DEFAULT_MAX_PIXELS = 268_402_689;

/**
 * An image as the network takes it: the first frame or page, upright by its EXIF orientation, in
 * sRGB (CMYK by its plain formula; a profile is left alone, as it was when the published networks were
 * trained), 8 bits, transparent pixels on the background, resized with
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
      const picture = await wholeImage(image, header);
      if (typeof source === 'string') options.kept?.add(source, picture);
      return placed(picture, spec, options);
    }
    const changes = options.augment?.(header);
    const placement = placementOf(header, spec, changes);
    // A drawn crop may lie half a pixel off; enlarging all of a large image for it would cost more.
    if (changes?.crop === undefined && enlarges(header, placement)) {
      return changed(await wholeImage(image, header), { spec, placement, changes });
    }
    const scaled = resized(image, placement).extract(windowOf(placement, spec.size));
    return withChanges(await rawPixels(scaled.flop(changes?.flip ?? false)), spec, changes);
  });
}

/**
 * The number of pixels up to which an image is resampled here, however it is placed: setting up a pipeline of
 * libvips costs more than that takes, and a cached image needs no pipeline.
 */
const SMALL = 128 * 128;

const isSmall = ({ width, height }: ImageSize) => width * height <= SMALL;

/** Cuts the network's input out of a whole decoded image. */
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
 * Decodes the whole upright image, squeezed into a small square whatever its shape, for comparing
 * near-duplicates. It takes the fast path (a JPEG is shrunk while decoding), so it is no input for a network.
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
 * Decodes the whole upright image without cropping, with its shorter side as asked for; otherwise as
 * `decodeImage` does. This is the input of a fully convolutional network.
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
        ? resample(await wholeImage(image, header), scaled, { left: 0, top: 0, ...scaled })
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
  const options = { failOn: 'error', limitInputPixels, ignoreIcc: true, autoOrient: true } as const;
  const image = header.cmyk
    ? await openCmyk(input, { limitInputPixels })
    : await byDecoder(async () => sharp(input, options));
  return header.hasOtherBand ? withoutOtherBand(image) : image;
}

/** Puts the background behind transparent pixels, in sRGB. */
function flattened(image: Sharp, background: string): Sharp {
  return image.flatten({ background }).toColourspace('srgb');
}

/**
 * Resizes without the fast shrink, so that a JPEG is shrunk while decoding to at least twice the target size.
 */
function resized(image: Sharp, { width, height }: ImageSize): Sharp {
  return image.resize(width, height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
}

/** Whether the image is enlarged: if the shorter side grows, so does the longer one, up to rounding. */
function enlarges(image: ImageSize, scaled: ImageSize): boolean {
  return scaled.width > image.width || scaled.height > image.height;
}

async function wholeImage(image: Sharp, { width, height }: ImageSize): Promise<Picture> {
  return { width, height, pixels: await rawPixels(image) };
}

async function rawPixels(image: Sharp): Promise<Uint8Array> {
  const raw = image.raw({ depth: 'uchar' });
  const { data, info } = await byDecoder(() => raw.toBuffer({ resolveWithObject: true }));
  if (info.channels !== 3) throw new Refusal(`${info.channels} channels where 3 were expected`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Applies the augmentation to the crop: first the rotation, then the colours. */
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

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { VggtuneError } from '../../src/base/errors.ts';
import { decodeImage } from '../../src/dataset/decode.ts';
import { DecoderError, reasonOf } from '../../src/dataset/decode-errors.ts';
import { examine } from '../../src/dataset/examine.ts';
import { readHeader } from '../../src/dataset/image-header.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/images/samples/', import.meta.url));
const SPEC = { size: 40, resize: 40, background: '#ffffff' };

/** Files that look like another, and by how much the values may differ in the mean; 0: not at all. */
const ALIKE: Readonly<Record<string, readonly [string, number]>> = {
  'rgb8.jpg': ['rgb8.png', 8],
  'sos0.jpg': ['rgb8.jpg', 0],
  'rgb.avif': ['rgb8.png', 12],
  'rgb16.tif': ['rgb8.png', 1],
  // A fourth band of which the file says that it is no transparency is none; where it says nothing, it is.
  'rgb-other.tif': ['rgb8.png', 0],
  'rgb16-other.tif': ['rgb8.png', 1],
  'grey-other.tif': ['grey8.png', 0],
  'rgba-unassociated.tif': ['rgba.png', 0],
  'rgba-no-tag.tif': ['rgba.png', 0],
  'icc.png': ['rgb8.png', 0],
  'planar.tif': ['rgb8.png', 0],
  'big.tif': ['rgb8.png', 0],
  'anim.webp': ['rgb8.png', 0],
  'anim.png': ['rgb8.png', 0],
  'anim.gif': ['palette.gif', 20],
  // Its second frame is damaged, which costs no pixel of the first.
  'anim-late.gif': ['anim.gif', 0],
  'palette.tif': ['palette.png', 0],
  'palette.gif': ['palette.png', 6],
  'grey16.png': ['grey8.png', 1],
  'grey16.tif': ['grey8.png', 1],
  'pages.tif': ['grey8.png', 0],
  'bit1.tif': ['bit1.png', 0],
  'la.tif': ['la.png', 0],
  'rgba.tif': ['rgba.png', 0],
  // Their inks are what RGB lacks of white, and their black is none: the plain formula gives it back.
  'cmyk.tif': ['rgb8.png', 0],
  'cmyk16.tif': ['rgb8.png', 0],
  'cmyk.jpg': ['rgb8.png', 6],
};

/** Files that are read and look like no other. */
const ALONE = ['rgb8.png', 'grey8.png', 'palette.png', 'bit1.png', 'la.png', 'rgba.png'];

/** Files that are read, in which nothing can be seen. */
const BLANK = ['grey12in16.png', 'grey12in16.tif', 'black-opaque.png'];

const REFUSED: Readonly<Record<string, RegExp>> = {
  'float01.tif': /floating-point samples of 32 bits/,
  'float65535.tif': /floating-point samples of 32 bits/,
  'floatrgb01.tif': /floating-point samples of 32 bits/,
  'double.tif': /floating-point samples of 64 bits/,
  'half.tif': /floating-point samples of 16 bits/,
  'int16.tif': /signed samples of 16 bits/,
  'uint32.tif': /samples of 32 bits/,
  'four-greys.tif': /4 bands that are no colours/,
  'lab.tif': /CIE Lab/,
  'ycbcr.tif': /YCbCr/,
  'plain.ppm': /kind ppm.*magick/,
  'plain.pgm': /kind ppm.*magick/,
  'plain.bmp': /kind bmp.*magick/,
  'plain.jp2': /kind jp2.*magick/,
  'plain.ico': /kind ico.*magick/,
  'plain.sgi': /kind sgi.*magick/,
  // These have no first bytes of their own.
  'plain.tga': /kind tga.*magick/,
  'plain.pcx': /kind pcx.*magick/,
  'anim.avif': /kind avifs.*first frame/,
};

const DAMAGED = ['sos0-cut.jpg', 'no-end.jpg', 'anim-first.gif'];
const OTHERS = ['exif6.jpg', 'miniswhite.tif', 'tiled.tif'];

const decoded = (name: string) => decodeImage(`${FOLDER}${name}`, SPEC);

test('a form that the decoder was built without is not called damage', () => {
  const reason = reasonOf(new DecoderError('tiff2vips: tiled separate planes not supported'));
  expect(reason).toMatch(/^a form of its kind that is not read .*save it again as PNG$/);
});

test.each([
  [12, /samples of 12 bits/],
  [24, /samples of 24 bits/],
])('a TIFF of %i bits is refused by them', async (bits, reason) => {
  // One entry: BitsPerSample, SHORT, one value.
  const bytes = Buffer.alloc(32);
  bytes.write('II*\0\x08', 'latin1');
  for (const [at, value] of [
    [8, 1],
    [10, 258],
    [12, 3],
    [14, 1],
    [18, bits],
  ] as const) {
    bytes.writeUInt16LE(value, at);
  }
  const error = await readHeader(bytes).catch((thrown: unknown) => thrown);
  expect((error as VggtuneError).details.found).toMatch(reason);
});

describe('one image of each kind of samples', () => {
  test('every file has its place here', () => {
    const all = [
      ...Object.keys(ALIKE),
      ...ALONE,
      ...BLANK,
      ...Object.keys(REFUSED),
      ...DAMAGED,
      ...OTHERS,
    ];
    expect(readdirSync(FOLDER).sort()).toEqual(all.sort());
  });

  test.each(Object.entries(ALIKE))('%s is decoded as %s', async (name, [other, tolerance]) => {
    expect(await examine(`${FOLDER}${name}`, 1e6)).toEqual({});
    const [pixels, expected] = await Promise.all([decoded(name), decoded(other)]);
    const mean =
      pixels.reduce((sum, x, i) => sum + Math.abs(x - (expected[i] ?? 0)), 0) / pixels.length;
    expect(mean).toBeLessThanOrEqual(tolerance);
  });

  test.each(ALONE)('%s is decoded, with contrast', async (name) => {
    expect(await examine(`${FOLDER}${name}`, 1e6)).toEqual({});
    const pixels = await decoded(name);
    expect(Math.max(...pixels) - Math.min(...pixels)).toBeGreaterThan(100);
  });

  test('white is zero: the opposite of the grey image', async () => {
    const [white, black] = await Promise.all([decoded('miniswhite.tif'), decoded('grey8.png')]);
    expect(white.every((x, i) => Math.abs(x + (black[i] ?? 0) - 255) <= 1)).toBe(true);
  });

  test('upright by its EXIF orientation', async () => {
    expect(await readHeader(`${FOLDER}exif6.jpg`)).toMatchObject({ width: 40, height: 48 });
  });

  test.each(BLANK)('%s: twelve bits in sixteen are told as what cannot be seen', async (name) => {
    expect(await examine(`${FOLDER}${name}`, 1e6)).toEqual({ blank: true });
  });

  test.each(Object.entries(REFUSED))('%s is refused by its name', async (name, reason) => {
    const error = await readHeader(`${FOLDER}${name}`).catch((thrown: unknown) => thrown);
    expect((error as VggtuneError).details.found).toMatch(reason);
  });

  test.each(DAMAGED)('%s lacks pixels or its end', async (name) => {
    expect((await examine(`${FOLDER}${name}`, 1e6)).defect).toBeDefined();
  });
});

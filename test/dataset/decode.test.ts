import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { VggtuneError } from '../../src/base/errors.ts';
import { changeColours } from '../../src/dataset/colour.ts';
import { decodeImage } from '../../src/dataset/decode.ts';
import { examine } from '../../src/dataset/examine.ts';
import { readHeader } from '../../src/dataset/image-header.ts';
import { rotateSquare } from '../../src/dataset/rotate.ts';
import { picture } from './images.ts';

const test_ = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const small = { size: 16, resize: 16, background: '#ffffff' };

async function flat(colour: string, width = 32, height = 32) {
  return sharp({ create: { width, height, channels: 3, background: colour } });
}

/** The colour at x, y of a decoded 16 x 16 image. */
function at(pixels: Uint8Array, x: number, y: number): number[] {
  return [...pixels.subarray((y * 16 + x) * 3, (y * 16 + x) * 3 + 3)];
}

function expectNear(found: readonly number[], expected: readonly number[], tolerance: number) {
  const distances = found.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  expect(Math.max(...distances), `${found} is not near ${expected}`).toBeLessThanOrEqual(tolerance);
}

describe("torchvision's Resize and CenterCrop on real pictures", () => {
  // Where the picture shrinks more than fourfold, libvips halves it with a box first.
  test.each([
    ['rocket.jpg', 224, 256, 0.25, 3],
    ['chelsea.png', 224, 256, 0.3, 3],
    ['rocket.jpg', 64, 73, 0.6, 18],
    ['chelsea.png', 64, 64, 0.6, 6],
  ])('%s to %i of %i', async (name, size, resize, meanLimit, maxLimit) => {
    const stem = name.split('.')[0];
    const golden = await sharp(test_(`golden/image_pipeline_${stem}_${size}_${resize}.png`))
      .raw()
      .toBuffer();
    const spec = { size, resize, background: '#ffffff' };
    const pixels = await decodeImage(test_(`fixtures/images/${name}`), spec);
    expect(pixels).toHaveLength(golden.length);
    const differences = pixels.map((value, i) => Math.abs(value - (golden[i] ?? 0)));
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    expect(mean).toBeLessThan(meanLimit);
    const largest = differences.reduce((most, value) => Math.max(most, value), 0);
    expect(largest).toBeLessThanOrEqual(maxLimit);
  });
});

describe('kinds of images', () => {
  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('%s', async (format) => {
    const bytes = await (await flat('#c04020')).toFormat(format).toBuffer();
    expect(await readHeader(bytes)).toMatchObject({ format, width: 32, height: 32 });
    expect((await examine(bytes, 1e6)).defect).toBeUndefined();
    expectNear(at(await decodeImage(bytes, small), 8, 8), [0xc0, 0x40, 0x20], 6);
  });

  test('the first frame of an animation', async () => {
    const frames = [
      await (await flat('#ff0000')).png().toBuffer(),
      await (await flat('#0000ff')).png().toBuffer(),
    ];
    const bytes = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect(at(await decodeImage(bytes, small), 8, 8)).toEqual([255, 0, 0]);
  });

  test('greyscale becomes three equal channels', async () => {
    const bytes = await (await flat('#808080')).toColourspace('b-w').png().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    expect(at(await decodeImage(bytes, small), 3, 3)).toEqual([128, 128, 128]);
  });

  test('16 bits a channel become 8, greyscale and colour', async () => {
    const colour = await (await flat('#c04020')).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(colour).metadata()).depth).toBe('ushort');
    expectNear(at(await decodeImage(colour, small), 3, 3), [0xc0, 0x40, 0x20], 1);
    const grey = await (await flat('#606060')).toColourspace('grey16').png().toBuffer();
    expect(await sharp(grey).metadata()).toMatchObject({ depth: 'ushort', channels: 1 });
    expectNear(at(await decodeImage(grey, small), 3, 3), [0x60, 0x60, 0x60], 1);
  });

  test('CMYK is what its inks and its black leave of white, whatever its profile', async () => {
    const bytes = await (await flat('#c04020'))
      .toColourspace('cmyk')
      .withIccProfile('cmyk')
      .tiff({ compression: 'none' })
      .toBuffer();
    const metadata = await sharp(bytes).metadata();
    expect(metadata.space).toBe('cmyk');
    expect(metadata.icc).toBeDefined();
    const inks = await sharp(bytes)
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer();
    const [c = 0, m = 0, y = 0, k = 0] = inks;
    expect(k).toBeGreaterThan(0);
    const plain = [c, m, y].map((ink) => Math.round(((255 - ink) * (255 - k)) / 255));
    expect(at(await decodeImage(bytes, small), 8, 8)).toEqual(plain);
  });

  test('transparent pixels show the background, half-transparent ones half of it', async () => {
    const clear = { width: 32, height: 32, channels: 4 as const };
    const none = await sharp({ create: { ...clear, background: { r: 9, g: 9, b: 9, alpha: 0 } } })
      .png()
      .toBuffer();
    expect(at(await decodeImage(none, small), 8, 8)).toEqual([255, 255, 255]);
    const blue = { ...small, background: '#0000ff' };
    expect(at(await decodeImage(none, blue), 8, 8)).toEqual([0, 0, 255]);
    const half = await sharp({ create: { ...clear, background: { r: 0, g: 0, b: 0, alpha: 0.5 } } })
      .png()
      .toBuffer();
    expectNear(at(await decodeImage(half, small), 8, 8), [127, 127, 127], 1);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is undone', async (orientation) => {
    // Red above green: which way `orientation` lays the stored picture is what is undone.
    const upright = await (await flat('#00ff00', 40, 20))
      .composite([
        { input: await (await flat('#ff0000', 40, 10)).png().toBuffer(), top: 0, left: 0 },
      ])
      .png()
      .toBuffer();
    const turns = [0, 0, 180, 180, 270, 270, 90, 90][orientation - 1] ?? 0;
    const turned = await sharp(upright).rotate(turns).png().toBuffer();
    const mirrored = [2, 4, 5, 7].includes(orientation);
    const stored = mirrored
      ? await (orientation === 5 || orientation === 7 ? sharp(turned).flip() : sharp(turned).flop())
          .png()
          .toBuffer()
      : turned;
    const bytes = await sharp(stored)
      .withMetadata({ orientation })
      .jpeg({ quality: 98 })
      .toBuffer();
    expect(await readHeader(bytes)).toMatchObject({ width: 40, height: 20 });
    const pixels = await decodeImage(bytes, small);
    expectNear(at(pixels, 8, 2), [255, 0, 0], 12);
    expectNear(at(pixels, 8, 13), [0, 255, 0], 12);
  });

  test('a strip of extreme shape, and an image smaller than the network wants', async () => {
    const strip = await (await flat('#123456', 4000, 2)).png().toBuffer();
    expect(at(await decodeImage(strip, small), 8, 8)).toEqual([0x12, 0x34, 0x56]);
    const dot = await (await flat('#123456', 1, 1)).png().toBuffer();
    expect(at(await decodeImage(dot, small), 0, 15)).toEqual([0x12, 0x34, 0x56]);
  });
});

describe('what cannot be used', () => {
  const foundOf = (bytes: Uint8Array | string, maxPixels = 1e6) =>
    decodeImage(bytes, small, { maxPixels }).then(
      () => 'nothing',
      (error: VggtuneError) => `${error.exitCode}: ${error.details.found}`,
    );

  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    '%s cut off anywhere',
    async (format) => {
      const bytes = await picture(5, 90, 70).toFormat(format).toBuffer();
      for (const share of [0.02, 0.4, 0.9, 0.99]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        const header = await readHeader(cut).catch(() => undefined);
        const defect = header === undefined ? 'header' : (await examine(cut, 1e6)).defect;
        expect(defect, `${share} of ${format}`).toBeDefined();
        expect(await foundOf(cut)).toContain('3: ');
      }
    },
  );

  test('a JPEG with noise in its middle', async () => {
    const bytes = Buffer.from(await picture(5, 200, 200).jpeg().toBuffer());
    const middle = bytes.length >> 1;
    for (let i = 0; i < 400; i++) bytes[middle + i] = (Math.imul(i + 1, 2654435761) >>> 13) & 255;
    expect((await examine(bytes, 1e6)).defect).toContain('Corrupt JPEG data');
  });

  test('bytes after the end of a JPEG, and an odd colour profile, do no harm', async () => {
    const jpeg = await picture(5).jpeg().toBuffer();
    expect((await examine(Buffer.concat([jpeg, Buffer.alloc(50, 1)]), 1e6)).defect).toBeUndefined();
  });

  test('nothing, text, another kind of image, no file', async () => {
    expect(await foundOf(new Uint8Array(0))).toBe('3: empty file');
    expect(await foundOf(Buffer.from('not an image'))).toContain('another kind of file');
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expect(await foundOf(svg)).toContain('the kind svg');
    expect(await foundOf(Buffer.from('\ufeff\n<?xml version="1.0"?><!-- --><svg/>'))).toContain(
      'the kind svg',
    );
    expect(await foundOf(Buffer.from('\n<!DOCTYPE html>\n<html>'))).toContain('a web page');
    expect(await foundOf(Buffer.from('<?xml version="1.0"?><Error/>'))).toContain('in XML');
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n';
    expect(await foundOf(Buffer.from(pointer))).toContain('git lfs pull');
    expect(await foundOf(Buffer.from('%PDF-1.7'))).toContain('the kind pdf');
    expect(await foundOf(Buffer.from('P5 2 2 255\n1234'))).toContain('the kind ppm');
    expect(await foundOf(Buffer.alloc(0))).toBe('3: empty file');
    expect(await foundOf('/nowhere/at-all.jpg')).toBe('3: no such file');
  });

  test('too many pixels are refused from the header', async () => {
    const bytes = await picture(1, 40, 30).png().toBuffer();
    expect(await foundOf(bytes, 1199)).toBe('3: 40 x 30 pixels, more than the limit of 1199');
    expect(await foundOf(bytes, 1200)).toBe('nothing');
  });
});

describe('changes', () => {
  const still = { flip: false, angle: 0, brightness: 1, contrast: 1, saturation: 1, hue: 0 };
  const quarters = async () => {
    const [red, green] = [
      await (await flat('#ff0000', 32, 32)).png().toBuffer(),
      await (await flat('#00ff00', 32, 32)).png().toBuffer(),
    ];
    return (await flat('#0000ff', 64, 64))
      .composite([
        { input: red, left: 0, top: 0 },
        { input: green, left: 32, top: 0 },
      ])
      .png()
      .toBuffer();
  };

  test('a crop takes its part of the image', async () => {
    const crop = { left: 36, top: 4, width: 24, height: 24 };
    const pixels = await decodeImage(await quarters(), small, {
      augment: () => ({ ...still, crop }),
    });
    for (const [x, y] of [
      [0, 0],
      [15, 15],
    ] as const)
      expect(at(pixels, x, y)).toEqual([0, 255, 0]);
  });

  test('a flip mirrors what the crop took, not the crop', async () => {
    const crop = { left: 0, top: 0, width: 48, height: 32 };
    const bytes = await quarters();
    const plain = await decodeImage(bytes, small, { augment: () => ({ ...still, crop }) });
    const flipped = await decodeImage(bytes, small, {
      augment: () => ({ ...still, crop, flip: true }),
    });
    for (const x of [0, 5, 10, 15]) expect(at(flipped, x, 8)).toEqual(at(plain, 15 - x, 8));
    expect(at(plain, 0, 8)).toEqual([255, 0, 0]);
  });

  test('a turn is clockwise about the centre, with the background in the corners', async () => {
    const bytes = await quarters();
    const quarter = await decodeImage(bytes, small, { augment: () => ({ ...still, angle: 90 }) });
    // Red was at the top left; a quarter turn clockwise brings it to the top right.
    expect(at(quarter, 13, 2)).toEqual([255, 0, 0]);
    expect(at(quarter, 13, 13)).toEqual([0, 255, 0]);
    const eighth = await decodeImage(bytes, small, { augment: () => ({ ...still, angle: 45 }) });
    expect(at(eighth, 0, 0)).toEqual([255, 255, 255]);
    expect(at(eighth, 8, 12)).toEqual([0, 0, 255]);
  });

  interface Colours {
    pixels: number[];
    cases: {
      kind: 'brightness' | 'contrast' | 'saturation' | 'hue' | 'rotate';
      factor: number;
      pixels: number[];
    }[];
  }
  const colours = JSON.parse(readFileSync(test_('golden/image_pipeline.json'), 'utf8')) as Colours;

  const jitters = colours.cases.filter(({ kind }) => kind !== 'rotate');
  test.each(jitters)("torchvision's $kind $factor", ({ kind, factor, pixels }) => {
    const changed = Uint8Array.from(colours.pixels);
    changeColours(changed, { ...still, [kind]: factor });
    for (const [i, value] of changed.entries()) {
      expect(Math.abs(value - (pixels[i] ?? Number.NaN))).toBeLessThanOrEqual(0.51);
    }
    expect(changed).not.toEqual(Uint8Array.from(colours.pixels));
  });

  const turns = colours.cases.filter(({ kind }) => kind === 'rotate');
  test.each(turns)("torchvision's turn by $factor, inside the edges", ({ factor, pixels }) => {
    const square = colours.pixels.filter((_, i) => i % 36 < 24);
    const spec = { size: 8, degrees: factor, background: '#ffffff' };
    const turned = Uint8Array.from(square);
    rotateSquare(turned, spec);
    let compared = 0;
    for (const [i, value] of turned.entries()) {
      const [x, y] = [Math.floor(i / 3) % 8, Math.floor(i / 24)];
      if (Math.hypot(x - 3.5, y - 3.5) > 3.5) continue;
      expect(Math.abs(value - (pixels[i] ?? Number.NaN)), `${x}, ${y}`).toBeLessThanOrEqual(0.51);
      compared++;
    }
    expect(compared).toBe(96);
  });
});

test('a named pipe is not waited for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-pipe-'));
  const path = join(folder, 'pipe.png');
  execFileSync('mkfifo', [path]);
  await expect(decodeImage(path, small)).rejects.toMatchObject({
    exitCode: 3,
    details: { found: 'a named pipe' },
  });
  await rm(folder, { recursive: true });
});

test('libvips has no loader but for the kinds that are read', async () => {
  const others = [
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    'P5 2 2 255\n1234',
    '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\nabcd',
  ];
  for (const text of others) {
    await expect(sharp(Buffer.from(text)).metadata()).rejects.toThrow('unsupported image format');
  }
});

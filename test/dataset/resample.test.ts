import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/dataset/decode.ts';
import { resample } from '../../src/dataset/resample.ts';

const [WIDTH, HEIGHT] = [20, 15];
/** Column x is 200 where x is odd, and 50 more in column 7. */
const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
  const x = Math.floor(i / 3) % WIDTH;
  return (x % 2) * 200 + (x === 7 ? 50 : 0);
});

/** The first 20 values, or all, of row 5 of Image.resize((width, height), BILINEAR), by PIL. */
const PIL: Readonly<Record<string, number[]>> = {
  '40 x 30': [
    0, 50, 150, 150, 50, 50, 150, 150, 50, 50, 150, 150, 50, 63, 188, 188, 63, 50, 150, 150,
  ],
  '34 x 26': [
    0, 76, 194, 88, 29, 147, 135, 18, 100, 182, 65, 66, 213, 140, 6, 124, 159, 41, 76, 194,
  ],
  '20 x 11': [0, 200, 0, 200, 0, 200, 0, 250, 0, 200, 0, 200, 0, 200, 0, 200, 0, 200, 0, 200],
  '13 x 10': [78, 89, 105, 114, 120, 95, 100, 116, 102, 86, 95, 111, 122],
  '7 x 15': [98, 93, 119, 102, 96, 107, 102],
};

describe('resampling', () => {
  test.each(Object.entries(PIL))("to %s is PIL's", (name, expected) => {
    const [width = 0, height = 0] = name.split(' x ').map(Number);
    const whole = { left: 0, top: 0, width, height };
    const out = resample({ pixels, width: WIDTH, height: HEIGHT }, { width, height }, whole);
    expect(expected.map((_, x) => out[(5 * width + x) * 3])).toEqual(expected);
    const window = { left: 3, top: 4, width: Math.min(9, width - 3), height: 2 };
    const part = resample({ pixels, width: WIDTH, height: HEIGHT }, { width, height }, window);
    const second = expected.slice(3, 12);
    expect(second.map((_, x) => part[(window.width + x) * 3])).toEqual(second);
    const mirrored = resample(
      { pixels, width: WIDTH, height: HEIGHT },
      { width, height },
      { ...window, mirrored: true },
    );
    expect(second.map((_, x) => mirrored[(window.width + x) * 3])).toEqual(second.toReversed());
  });

  test('a file smaller than the network wants, as it is and mirrored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'enlarge-'));
    const path = join(folder, 'small.png');
    await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).toFile(path);
    const spec = { size: 30, resize: 30, background: '#ffffff' };
    const row = (image: Uint8Array, step: 1 | -1) =>
      [...Array(15).keys()].map((x) => image[(5 * 30 + (step === 1 ? x : 29 - x)) * 3]);
    // 20 x 15 becomes 40 x 30, of which the columns from 5 on are taken.
    const plain = await decodeImage(path, spec);
    expect(row(plain, 1)).toEqual(PIL['40 x 30']?.slice(5));
    const none = { angle: 0, brightness: 1, contrast: 1, saturation: 1, hue: 0 };
    const mirrored = await decodeImage(path, spec, { augment: () => ({ ...none, flip: true }) });
    expect(row(mirrored, -1)).toEqual(PIL['40 x 30']?.slice(5));
    await rm(folder, { recursive: true });
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/dataset/decode.ts';
import { centrePlacement as placementOfPredict } from '../../src/dataset/geometry.ts';

interface Page {
  centrePlacement(image: object, spec: object): object;
  centreSquare(image: object, spec: object): Uint8ClampedArray;
  flatten(image: object, background: string): { data: Uint8Array; width: number; height: number };
}
// A script of the page, outside of the compiled source.
const page = (await import(join(import.meta.dirname, '../../assets/web/preprocess.js'))) as Page;

const FIXTURES = join(import.meta.dirname, '../fixtures/images');

it('the square is the same as in predict, for any size', () => {
  for (let width = 3; width < 400; width += 13) {
    for (let height = 3; height < 400; height += 17) {
      const spec = { size: 64, resize: 73, background: '#ffffff' };
      expect(page.centrePlacement({ width, height }, spec)).toEqual(
        placementOfPredict({ width, height }, spec),
      );
    }
  }
});

describe.each(['chelsea.png', 'rocket.jpg'])('%s', (name) => {
  it.each([
    { size: 224, resize: 256 },
    { size: 64, resize: 64 },
    { size: 400, resize: 500 },
  ])('gives the pixels of predict: $resize, then $size', async (spec) => {
    const source = await readFile(join(FIXTURES, name));
    const { data, info } = await sharp(source, { ignoreIcc: true })
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const rgb = page.flatten({ data, width: info.width, height: info.height }, '#ffffff');
    const found = page.centreSquare(rgb, spec);
    const expected = await decodeImage(source, { ...spec, background: '#ffffff' });
    expect(found.length).toBe(expected.length);
    const differences = expected.map((value, i) => Math.abs(value - (found[i] ?? 0)));
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    expect(mean).toBeLessThan(0.8);
    expect(differences.reduce((most, value) => Math.max(most, value), 0)).toBeLessThan(24);
  });
});

it('transparent pixels lie on the background', () => {
  const data = Uint8Array.from([10, 20, 30, 255, 200, 100, 0, 0, 100, 100, 100, 51]);
  const { data: rgb } = page.flatten({ data, width: 3, height: 1 }, '#ff8000');
  expect([...rgb]).toEqual([10, 20, 30, 255, 128, 0, 224, 122, 20]);
});

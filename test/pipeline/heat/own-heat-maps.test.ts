import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writePng } from '../../../src/dataset/write-image.ts';
import { refuseForeignPictures } from '../../../src/pipeline/heat/own-heat-maps.ts';
import { picture, temporaryFolder } from '../pictures.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => rm(home, { recursive: true, force: true }));

it('an earlier picture of ours may be replaced, and it is the picture that it was', async () => {
  const path = join(home, 'own.heat.png');
  const pixels = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
  await writePng(path, { pixels, width: 2, height: 2 });
  await refuseForeignPictures([path, join(home, 'none.heat.png')]);
  expect([...(await sharp(path).raw().toBuffer())]).toEqual([...pixels]);
});

it('a picture, or any other file, of somebody else may not', async () => {
  const paths = ['a.heat.png', 'b.heat.png'].map((name) => join(home, name));
  await picture(paths[0] ?? '', { colour: [1, 2, 3], seed: 'mine' });
  await writeFile(paths[1] ?? '', 'notes');
  for (const path of paths) {
    await expect(refuseForeignPictures([path])).rejects.toMatchObject({
      kind: 'usage',
      details: { where: path, fix: expect.stringContaining('--heat-maps') },
    });
  }
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KERAS_PREPROCESSING } from '../../src/network/preprocessing.ts';
import { statedPreprocessing } from '../../src/weights/stated-preprocessing.ts';
import { useTemporaryFolder } from '../dataset/images.ts';

const folder = useTemporaryFolder();
const at64 = { size: 64 };

describe('a stated preprocessing', () => {
  it('is none for auto, and one by its name, at the size of the network', async () => {
    expect(await statedPreprocessing('auto', at64)).toBeUndefined();
    const { channels, mean } = KERAS_PREPROCESSING;
    expect(await statedPreprocessing('keras', at64)).toMatchObject({
      ...{ channels, mean, size: 64, resize: 73 },
    });
  });

  it('is what a file says; size and resize are the usual ones where it does not say them', async () => {
    const path = join(folder(), 'own.json');
    const own = { channels: 'rgb', scale: 1, mean: [1, 2, 3], std: [1, 1, 1] };
    await writeFile(path, JSON.stringify(own));
    expect(await statedPreprocessing(path, at64)).toEqual({ ...own, size: 64, resize: 73 });
    await writeFile(path, JSON.stringify({ ...own, resize: 64 }));
    expect(await statedPreprocessing(path, at64)).toMatchObject({ resize: 64 });
  });

  it('that is not there, is a folder, or says nothing, is told as such', async () => {
    await expect(statedPreprocessing(join(folder(), 'none'), at64)).rejects.toMatchObject({
      kind: 'usage',
      details: { expected: expect.stringContaining('torchvision') },
    });
    await mkdir(join(folder(), 'inside'));
    await expect(statedPreprocessing(join(folder(), 'inside'), at64)).rejects.toMatchObject({
      kind: 'data',
      details: { found: 'a folder' },
    });
    await writeFile(join(folder(), 'empty.json'), '{}');
    await expect(statedPreprocessing(join(folder(), 'empty.json'), at64)).rejects.toMatchObject({
      kind: 'data',
    });
  });
});

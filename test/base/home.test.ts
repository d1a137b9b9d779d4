import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../src/base/cache-folder.ts';
import { expandHome } from '../../src/base/home.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { command as evaluate } from '../../src/cli/commands/evaluate.ts';
import { command as train } from '../../src/cli/commands/train.ts';
import { configSources } from '../../src/cli/config-sources.ts';
import { loadConfigFile } from '../../src/config/load-file.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { collectCsv } from '../../src/dataset/csv-list.ts';
import { inputFiles } from '../../src/pipeline/predict.ts';
import { useTemporaryFolder } from '../dataset/images.ts';

const folder = useTemporaryFolder();

it.each([
  ['~', '/home/me'],
  ['~/photos', '/home/me/photos'],
  ['~\\photos', '/home/me/\\photos'],
  ['~me/photos', '~me/photos'],
  ['photos/~', 'photos/~'],
  ['./~/photos', './~/photos'],
])('%s', (path, expanded) => {
  expect(expandHome(path, '/home/me')).toBe(expanded);
});

describe('the home folder is meant', () => {
  const photos = join(homedir(), 'photos');

  it('in a config file and in a flag', () => {
    const values = { data: '~/photos', out: '~/run', weights: '~/w.pth' };
    expect(resolveConfig([{ origin: 'a.yaml', values }], 'head')).toMatchObject({
      data: photos,
      out: join(homedir(), 'run'),
      weights: join(homedir(), 'w.pth'),
    });
    const sources = configSources(parseArguments(train, ['--data=~/photos']), {});
    expect(resolveConfig(sources, 'head')).toMatchObject({ data: photos, out: 'runs/photos-head' });
    expect(parseArguments(evaluate, ['run', '--data=~/photos']).text('data')).toBe(photos);
  });

  it('in what a config file extends', () => {
    const path = join(folder(), 'own.yaml');
    writeFileSync(path, 'extends: ~/no-such-base.yaml\n');
    const base = join(homedir(), 'no-such-base.yaml');
    expect(loadConfigFile(path).map(({ origin }) => origin)).toEqual([base, path]);
  });

  it('in a list of images', async () => {
    const path = join(folder(), 'list.csv');
    writeFileSync(path, '~/photos/1.png,cat\n~\\photos\\2.png,dog\n');
    const { files } = await collectCsv(path);
    expect(files.map((file) => file.path)).toEqual([join(photos, '1.png'), join(photos, '2.png')]);
  });

  it('in an argument that stands in quotes, or that a shell of Windows leaves as it is', () => {
    expect(parseArguments(evaluate, ['~/photos']).positionals).toEqual([photos]);
  });

  it('in VGGTUNE_CACHE', () => {
    expect(cacheFolder({ VGGTUNE_CACHE: '~/photos' })).toBe(photos);
  });

  it('in a pattern, which stands in quotes', async () => {
    await expect(inputFiles(['~/no-such-folder/*.png'])).rejects.toMatchObject({
      details: { where: join(homedir(), 'no-such-folder', '*.png') },
    });
  });
});

import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../src/base/cache-folder.ts';
import { expandHome } from '../../src/base/home.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { command as evaluate } from '../../src/cli/commands/evaluate.ts';
import { command as train } from '../../src/cli/commands/train.ts';
import { configSources } from '../../src/cli/config-sources.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { inputFiles } from '../../src/pipeline/predict.ts';

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

  it('in VGGTUNE_CACHE', () => {
    expect(cacheFolder({ VGGTUNE_CACHE: '~/photos' })).toBe(photos);
  });

  it('in a pattern, which stands in quotes', async () => {
    await expect(inputFiles(['~/no-such-folder/*.png'])).rejects.toMatchObject({
      details: { where: join(homedir(), 'no-such-folder', '*.png') },
    });
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { suggest, suggestionLines } from '../../src/cli/completion/suggest.ts';
import { DEVICE_NAMES } from '../../src/config/devices.ts';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';
import { BACKBONES, EXPORT_FORMATS, PRESETS } from '../../src/config/names.ts';

const offered = async (...words: string[]) => {
  const { paths, words: found } = await suggest(words);
  return { paths, words: found.map(({ word }) => word) };
};
const none = (words: readonly string[]) => ({ paths: 'none', words: [...words] });

describe('commands', () => {
  it('are all offered where there is none', async () => {
    expect(await offered('')).toEqual(none(COMMANDS.map(({ name }) => name)));
    expect(await offered('--quiet', 'tr')).toEqual(none(['train']));
    expect(await offered('--cache', 'somewhere', 'tr')).toEqual(none(['train']));
    expect(await offered('help', 'de')).toEqual(none(['demo', 'describe']));
  });

  it('that there are not have nothing to offer', async () => {
    expect(await offered('trian', '')).toEqual(none([]));
  });
});

describe('flags', () => {
  it.each(COMMANDS.map(({ name }) => name))('of %s are offered, each once', async (name) => {
    const command = await COMMANDS.find((row) => row.name === name)?.load();
    const { words } = await offered(name, '--');
    expect(new Set(words).size).toBe(words.length);
    const fields = command?.takesConfig === true ? CONFIG_FIELDS.map(({ flag }) => flag) : [];
    const own = (command?.options ?? []).map((option) => option.name);
    for (const flag of [...own, ...fields, 'json', 'help']) expect(words).toContain(`--${flag}`);
  });

  it('that were given are not offered again, unless they may be', async () => {
    expect(await offered('train', '--offline', '--off')).toEqual(none([]));
    expect(await offered('train', '-c', 'a.yaml', '--conf')).toEqual(none(['--config']));
  });

  it('that are on can be turned off', async () => {
    expect((await offered('train', '--no-')).words).toEqual([
      '--no-feature-cache',
      '--no-color',
      '--no-input',
    ]);
  });

  it('behind -- are paths', async () => {
    expect(await offered('train', '--', '--st')).toEqual({ paths: 'file', words: [] });
  });
});

describe('values', () => {
  it.each([
    [['train', '--preset', ''], PRESETS],
    [['train', '--strategy', 's'], ['scratch']],
    [['train', '--strategy=s'], ['--strategy=scratch']],
    [['plan', 'photos', '--backbone', ''], BACKBONES],
    [['train', '--device', ''], DEVICE_NAMES],
    [['evaluate', 'run', '--device', ''], DEVICE_NAMES],
    [['export', 'run', '-f', ''], EXPORT_FORMATS],
    [['train', '--export', 'onnx,'], EXPORT_FORMATS.map((name) => `onnx,${name}`)],
    [['train', '--early-stop', ''], ['none']],
    [
      ['train', '--log-format', ''],
      ['text', 'json'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['weights', ''],
      ['list', 'fetch', 'verify', 'import', 'path'],
    ],
    [['train', '--epochs', ''], []],
  ] as const)('%j', async (words, expected) => {
    expect((await offered(...words)).words).toEqual(expected);
  });

  it('may be paths', async () => {
    expect(await offered('train', '')).toEqual({ paths: 'file', words: [] });
    expect(await offered('train', '--out', '')).toEqual({ paths: 'folder', words: [] });
    expect((await offered('train', '--weights', '')).paths).toBe('file');
    expect((await offered('weights', 'fetch', 'vgg19')).words).toEqual(['vgg19', 'vgg19_bn']);
    expect(await offered('doctor', '')).toEqual(none([]));
    expect(await offered('train', 'photos', 'more')).toEqual(none([]));
  });
});

describe('runs', () => {
  let home = '';
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vggtune-runs-'));
    for (const run of ['runs/one', 'runs/deep/er/two']) {
      await mkdir(join(home, run), { recursive: true });
      for (const name of ['config.yaml', 'events.ndjson'])
        await writeFile(join(home, run, name), '');
    }
    await mkdir(join(home, 'pictures', 'cats'), { recursive: true });
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('are offered with the folders that lead to them, and no other folder', async () => {
    expect(await offered('evaluate', `${home}/`)).toEqual(none([`${home}/runs/`]));
    expect(await offered('report', 'a', `${home}/runs/`)).toEqual(
      none([`${home}/runs/deep/`, `${home}/runs/one`]),
    );
  });

  it('that are not there leave it to the shell: a model can lie anywhere', async () => {
    expect(await offered('predict', `${home}/pic`)).toEqual({ paths: 'file', words: [] });
    expect(await offered('predict', `${home}/none/x`)).toEqual({ paths: 'file', words: [] });
  });
});

it('the scripts get a line for each word, the first of which says which paths there are', () => {
  const words = [{ word: 'one', description: 'of two\n lines' }, { word: 'two' }];
  expect(suggestionLines({ paths: 'file', words })).toEqual(['file', 'one\tof two lines', 'two']);
});

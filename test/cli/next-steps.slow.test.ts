import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Settings } from '../../src/config/settings.ts';
import { train } from '../../src/pipeline/train.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { vggtune } from './bin.ts';

// What a person does after a run, and what is said where that is not the way. These run what is built.

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-next-'));
  await pictureFolder(12, join(home, 'pictures'));
  await mkdir(join(home, 'cache'));
  const first = await run([
    ...TRAIN,
    '--strategy',
    'scratch',
    '--epochs',
    '1',
    '--out',
    'runs/one',
  ]);
  expect(first.code, first.stderr).toBe(0);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const TRAIN = ['train', 'pictures', '--backbone', 'vgg-nano'];

const run = (words: readonly string[]) =>
  vggtune(words, {
    cwd: home,
    environment: { VGGTUNE_CACHE: join(home, 'cache'), VGGTUNE_ADVISE_BUDGET: '0' },
  });

const json = ({ stdout }: { readonly stdout: string }) =>
  JSON.parse(stdout) as Record<string, unknown>;

describe('a run that is there', () => {
  it('and finished is not to be gone on with: the next free name is said', async () => {
    const { code, stderr } = await run([...TRAIN, '--out', 'runs/one']);
    expect(code).toBe(2);
    expect(stderr).toContain('found     a run that is finished');
    expect(stderr).toContain(
      'replace it with --overwrite, or choose another folder: --out runs/one-2',
    );
    expect(stderr).not.toContain('--resume');
  });

  it('is not trained longer by --resume: the way is said', async () => {
    const { code, stderr } = await run(['train', '--resume', 'runs/one', '--epochs', '9']);
    expect(code).toBe(2);
    expect(stderr).toContain('to train longer, start again with these --epochs and --overwrite');
  });

  it('gives its weights, and says that the output layer is not among them', async () => {
    const weights = ['--weights', 'runs/one/model/model.safetensors'];
    const { code, stderr } = await run([...TRAIN, '--strategy', 'head', ...weights]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/model\.safetensors: its output layer is left out, and begins anew/);
  });
});

it('images that were moved: evaluate and --resume say how to name the new place', async () => {
  await rename(join(home, 'pictures'), join(home, 'moved'));
  try {
    const measured = await run(['evaluate', 'runs/one']);
    expect(measured.code).toBe(3);
    expect(measured.stderr).toContain('say where they are: vggtune evaluate RUN --data FOLDER');
    const resumed = await run(['train', '--resume', 'runs/one']);
    expect(resumed.code).toBe(3);
    expect(resumed.stderr).toContain(
      'say where they are: vggtune train --resume RUN --data FOLDER',
    );
    expect((await run(['train', '--resume', 'runs/one', '--data', 'moved'])).code).toBe(0);
  } finally {
    await rename(join(home, 'moved'), join(home, 'pictures'));
  }
});

it('another network than the usual one is a warning in the JSON', async () => {
  const { code, stdout } = await run([
    'train',
    'pictures',
    '--strategy',
    'head',
    '--offline',
    '--out',
    'runs/fallback',
    '--json',
  ]);
  expect(code).toBe(0);
  expect(json({ stdout })).toMatchObject({
    warnings: [{ code: 'network-fallback' }],
    config: { backbone: 'vgg-nano' },
  });
});

it('advise and plan count the same trained parameters', async () => {
  const words = ['pictures', '--backbone', 'vgg-nano', '--json'];
  const planned = json(await run(['plan', ...words, '--strategy', 'head']));
  const advised = json(await run(['advise', ...words]));
  const { parameters } = planned as { parameters: { trained: number } };
  const { estimates } = advised as {
    estimates: { strategy: string; trainedParameters: number }[];
  };
  const head = estimates.find(({ strategy }) => strategy === 'head');
  expect(head?.trainedParameters).toBe(parameters.trained);
});

it('an interrupt while the frozen layers run says the command that goes on, with the run', async () => {
  const controller = new AbortController();
  const out = join(home, 'runs', 'stopped early');
  const values = { data: join(home, 'pictures'), backbone: 'vgg-nano', strategy: 'head', out };
  const stopped = train({
    settings: Settings.of({ origin: 'test', values }),
    storage: { folder: join(home, 'another-cache') },
    signal: controller.signal,
    emit: (event) => {
      if (event.type === 'progress' && event.task === 'features') controller.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({
    kind: 'interrupted',
    details: {
      fix: expect.stringMatching(/go on with: vggtune train --resume '.*runs\/stopped early'$/),
    },
  });
});

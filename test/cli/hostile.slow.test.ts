import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { writePictures } from '../dataset/images.ts';
import { vggtune } from './bin.ts';

/** What people of bad will put into files, met by the real command line. */
let home: string;
const run = (...words: string[]) =>
  vggtune(words, { cwd: home, environment: { VGGTUNE_CACHE: join(home, 'cache') } });

const EVIL = '\u001b[2J\u001b]0;title\u0007\u009b1A\u202eevil';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-hostile-'));
  await writePictures(join(home, 'd'), ['a/1.png', 'a/2.png', 'b/3.png', 'b/4.png']);
  execFileSync('mkfifo', [join(home, 'pipe')]);
  const tensors = new Map([[EVIL, { shape: [1], data: Float32Array.of(1) }]]);
  await writeSafetensors(join(home, 'evil.safetensors'), tensors);
  const big = new Map([['x'.repeat(3_000_000), { shape: [1], data: Float32Array.of(1) }]]);
  await writeSafetensors(join(home, 'big.safetensors'), big);
  await writeFile(join(home, 'evil.yaml'), `"${JSON.stringify(EVIL).slice(1, -1)}": 1\n`);
  await writeFile(join(home, 'evil.csv'), `${EVIL},\n"x${EVIL}",a,${EVIL}\n`);
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('nothing that a terminal acts upon comes out of', () => {
  it.each([
    [['describe', 'evil.safetensors'], 3],
    [['describe', 'evil.safetensors', '--json'], 3],
    [['plan', 'd', '-c', 'evil.yaml'], 2],
    [['plan', 'd', '-c', 'evil.yaml', '--json'], 2],
    [['plan', 'evil.csv', '--backbone', 'vgg-nano'], 3],
    [['plan', `no${EVIL}`, '--backbone', 'vgg-nano'], 3],
    [['plan', 'd', `--${EVIL}`], 2],
    [[EVIL], 2],
    [['weights', EVIL], 2],
    [['describe', EVIL], 2],
    [['predict', EVIL, 'd'], 2],
    [['export', EVIL], 2],
  ])('%j, which exits %d', async (words, code) => {
    const { stdout, stderr, code: found } = await run(...words);
    expect(found, stderr).toBe(code);
    expect(stdout + stderr).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    expect(stderr).toContain('evil');
  });
});

it('a name of megabytes is cut', async () => {
  const { stderr, code } = await run('describe', 'big.safetensors');
  expect([code, stderr.length < 20_000]).toEqual([3, true]);
});

it.each([
  [['plan', 'pipe', '--backbone', 'vgg-nano'], 3],
  [['plan', '/dev/zero', '--backbone', 'vgg-nano'], 3],
  [['train', 'd', '--backbone', 'vgg-nano', '--weights', 'pipe'], 3],
  [['weights', 'import', 'pipe'], 3],
  [['plan', 'd', '-c', 'pipe'], 2],
])('%j does not wait for a pipe or a device: exit %d', async (words, code) => {
  const began = performance.now();
  const ended = await run(...words);
  expect(ended.code, ended.stderr).toBe(code);
  expect(ended.stderr).toContain('is not a file');
  expect(performance.now() - began).toBeLessThan(20_000);
});

it('weights verify says what was not checked', async () => {
  const data = Float32Array.of(0, 0);
  const sha256 = createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex');
  const folder = join(home, 'cache', 'weights');
  await mkdir(folder, { recursive: true });
  const metadata = { source: 'vgg16/timm', part: 'features', sha256 };
  const path = join(folder, 'vgg16.tv_in1k.features.safetensors');
  await writeSafetensors(path, new Map([['x', { shape: [2], data }]]), metadata);
  const { stdout, code } = await run('weights', 'verify');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^not checked: no hash of the convolutions alone is published/);
  expect(stdout).not.toContain('as published');
});

it('a password in the address of a mirror is shown nowhere', async () => {
  for (const words of [
    ['weights', 'fetch', 'vgg16'],
    ['plan', 'd', '--backbone', 'vgg16', '--strategy', 'head'],
  ]) {
    const environment = {
      VGGTUNE_CACHE: join(home, 'none'),
      VGGTUNE_MIRROR: 'http://user:s3cret@127.0.0.1:9/',
    };
    const { stdout, stderr, code } = await vggtune(words, { cwd: home, environment });
    expect(code, stderr).toBe(2);
    expect(stdout + stderr).not.toMatch(/s3cret|user/);
  }
});

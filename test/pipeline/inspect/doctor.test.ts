import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  diskCheck,
  examine,
  memoryCheck,
  nodeCheck,
  programCheck,
} from '../../../src/pipeline/inspect/doctor.ts';
import { useTemporaryFolder } from '../../dataset/images.ts';
import { testStorage } from '../../storage.ts';

const folder = useTemporaryFolder();
afterEach(() => vi.unstubAllEnvs());

describe('a doctor', () => {
  test('knows an old Node.js, little memory and a full disk, and says what to do', () => {
    expect(nodeCheck('20.19.0').state).toBe('ok');
    expect(nodeCheck('22.1.0').state).toBe('ok');
    expect(nodeCheck('20.18.3')).toMatchObject({
      state: 'failed',
      fix: expect.stringContaining('install Node'),
    });
    expect(nodeCheck('18.20.0').state).toBe('failed');
    expect(memoryCheck(8e9, 16e9).state).toBe('ok');
    expect(memoryCheck(1e9, 16e9)).toMatchObject({ state: 'low', detail: '16.0 GB, 1.0 GB free' });
    expect(memoryCheck(1e9, 16e9).fix).toContain('vgg-nano');
    expect(diskCheck('/cache', 50e9).fix).toBeUndefined();
    expect(diskCheck('/cache', 1e6)).toMatchObject({
      state: 'low',
      fix: expect.stringContaining('--cache'),
    });
  });

  test('says which vggtune runs where there are two', async () => {
    const own = join(folder(), 'global');
    const local = join(folder(), 'node_modules', 'vggtune');
    for (const [place, version] of [
      [own, '0.2.0'],
      [local, '0.1.0'],
    ] as const) {
      await mkdir(place, { recursive: true });
      await writeFile(join(place, 'package.json'), JSON.stringify({ version }));
    }
    expect(programCheck(own, folder()).detail).toBe(
      `0.2.0, ${own}; this folder has 0.1.0, which npx vggtune runs`,
    );
    expect(programCheck(local, folder()).detail).toBe(`0.1.0, ${local}`);
    expect(programCheck(own, join(folder(), 'elsewhere')).detail).toBe(`0.2.0, ${own}`);
  });

  test('looks at everything, and every thing that is not well has something to do about it', async () => {
    const cache = join(folder(), 'weights-cache');
    vi.stubEnv('VGGTUNE_CACHE', cache);
    await mkdir(join(cache, 'weights'), { recursive: true });
    await writeFile(join(cache, 'weights', 'vgg16-397923af.pth'), 'x');
    const checks = await examine(testStorage());
    const stateOf = (name: string) => checks.find((check) => check.name === name)?.state;
    for (const name of ['node', 'system', 'cores', 'memory', 'image decoder', 'cache folder']) {
      expect(stateOf(name), name).toMatch(/^(ok|low)$/);
    }
    expect(checks.find(({ name }) => name === 'engine onnx')).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('cpu'),
    });
    expect(checks.filter(({ name }) => name === 'engine tensorflow').length).toBeGreaterThan(1);
    expect(checks.find(({ name }) => name === 'weights vgg16')).toMatchObject({
      state: 'ok',
      detail: 'vgg16/torchvision',
    });
    expect(checks.find(({ name }) => name === 'weights vgg19')).toMatchObject({
      state: 'absent',
      fix: expect.stringContaining('vggtune weights fetch vgg19'),
    });
    for (const check of checks.filter(({ state }) => state !== 'ok')) {
      expect(check.fix, check.name).toBeTruthy();
    }
  });

  test('a cache folder that cannot be made is a failure', async () => {
    await writeFile(join(folder(), 'file'), '');
    vi.stubEnv('VGGTUNE_CACHE', join(folder(), 'file', 'cache'));
    const found = (await examine(testStorage())).find(({ name }) => name === 'cache folder');
    expect(found).toMatchObject({ state: 'failed', fix: expect.stringContaining('VGGTUNE_CACHE') });
  });
});

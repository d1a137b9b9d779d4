import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sizeOf } from '../../src/base/tensor.ts';
import { buildNetwork } from '../../src/network/build.ts';
import { parameterShapes } from '../../src/network/parameters.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import { whyUnavailable } from '../../src/weights/availability.ts';
import { sizeOfFile } from '../../src/weights/cache.ts';
import { describeWeights } from '../../src/weights/describe.ts';
import { embeddedWeights } from '../../src/weights/embedded.ts';
import { loadWeights } from '../../src/weights/load.ts';
import { fetchByName, weightsPath } from '../../src/weights/manage.ts';
import { useTemporaryFolder } from '../dataset/images.ts';
import { testStorage } from '../storage.ts';
import { serve } from './server.ts';

const folder = useTemporaryFolder();
beforeEach(() => {
  vi.stubEnv('VGGTUNE_CACHE', join(folder(), 'cache'));
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])
    vi.stubEnv(name, '');
});
afterEach(() => vi.unstubAllEnvs());

const head = { kind: 'linear', dropout: 0, hidden: 1 } as const;
const network = buildNetwork({
  ...{ backbone: 'vgg-nano', head, classes: 3 },
  preprocessing: plainPreprocessing(64),
} as const);

describe('the weights of vgg-nano in the package', () => {
  test('hold the whole network but its head, in at most 3 MB', async () => {
    const path = embeddedWeights('vgg-nano')?.path ?? '';
    expect(await sizeOfFile(path)).toBeLessThan(3e6);
    const { backbone, missing, surplus, metadata } = await describeWeights(path);
    expect({ backbone, missing, surplus }).toEqual({
      ...{ backbone: 'vgg-nano', missing: [], surplus: [] },
    });
    expect(metadata.licence).toBe('Apache-2.0');
  });

  test('are what auto takes, offline too; the head alone is new', async () => {
    const loaded = await loadWeights({
      network,
      source: 'auto',
      storage: testStorage(),
      seed: 0,
      offline: true,
    });
    expect([...loaded.newLayers]).toEqual(['fc8']);
    expect(loaded.preprocessing).toMatchObject({ size: 64, channels: 'rgb' });
    expect(loaded.provenance).toMatchObject({ licence: 'Apache-2.0' });
    expect(loaded.provenance.source).toContain('part of vggtune');
    for (const [name, shape] of parameterShapes(network)) {
      const data = loaded.weights.get(name)?.data ?? new Float32Array();
      expect(data.length, name).toBe(sizeOf(shape));
      expect(data.every(Number.isFinite), name).toBe(true);
    }
    // Random kernels have mean 0 and unit batch norms: these have been trained.
    const norm = loaded.weights.get('bn3_1.running_var')?.data ?? [];
    expect(new Set(norm).size).toBeGreaterThan(32);
  });

  test('need no fetching', async () => {
    const { path } = embeddedWeights('vgg-nano') ?? {};
    expect(await weightsPath(testStorage(), 'vgg-nano')).toBe(path);
    expect(
      await fetchByName('vgg-nano', { storage: testStorage(), part: 'features', offline: true }),
    ).toBe(path);
    expect(embeddedWeights('vgg16')).toBeUndefined();
  });
});

describe('why weights cannot be had', () => {
  const expectReason = (found: string | undefined, expected: RegExp | undefined) =>
    expected === undefined ? expect(found).toBeUndefined() : expect(found).toMatch(expected);

  test('those of the package always', async () => {
    expect(
      await whyUnavailable('vgg-nano', { storage: testStorage(), part: 'all', offline: true }),
    ).toBeUndefined();
  });

  test('those on this machine, whatever the network', async () => {
    expect(
      await whyUnavailable('vgg16', {
        storage: testStorage(),
        part: 'features',
        offline: true,
      }),
    ).toBe('nothing is to be fetched');
    const weights = join(folder(), 'cache', 'weights');
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, 'vgg16.tv_in1k.safetensors'), 'x');
    expect(
      await whyUnavailable('vgg16', {
        storage: testStorage(),
        part: 'features',
        offline: true,
      }),
    ).toBeUndefined();
  });

  test.each([
    ['a server has', {}, undefined],
    ['a server sends whole only', { ranges: false }, undefined],
    [
      'a server does not have',
      { faults: [{ status: 404 }] },
      /^they cannot be fetched \(status 404/,
    ],
  ])('those that %s', async (_, behaviour, expected) => {
    const server = await serve(new Uint8Array(64), behaviour);
    try {
      vi.stubEnv('VGGTUNE_MIRROR', server.url.replace('/file', ''));
      expectReason(
        await whyUnavailable('vgg16', { storage: testStorage(), part: 'features' }),
        expected,
      );
    } finally {
      await server.close();
    }
    // Asked once: what was found holds for the process.
    expectReason(
      await whyUnavailable('vgg16', { storage: testStorage(), part: 'features' }),
      expected,
    );
  });

  test('not where nobody answers', async () => {
    vi.stubEnv('VGGTUNE_MIRROR', 'http://127.0.0.1:9');
    expect(await whyUnavailable('vgg19', { storage: testStorage(), part: 'features' })).toMatch(
      /^they cannot be fetched/,
    );
  });

  test('and whoever interrupts the question is not told no', async () => {
    vi.stubEnv('VGGTUNE_MIRROR', 'http://127.0.0.1:9/interrupted');
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(
      whyUnavailable('vgg19', { storage: testStorage(), part: 'features', signal }),
    ).rejects.toThrow('interrupted');
  });
});

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import type { RunEvent } from '../../src/base/events.ts';
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { buildNetwork } from '../../src/network/build.ts';
import { TORCHVISION_PREPROCESSING } from '../../src/network/preprocessing.ts';
import { findCached } from '../../src/weights/cache.ts';
import { type FetchOptions, fetchWeights, sourceUrl } from '../../src/weights/fetch.ts';
import { isDowngrade } from '../../src/weights/http-request.ts';
import { randomWeights } from '../../src/weights/initialise.ts';
import { loadWeights } from '../../src/weights/load.ts';
import { locateWeights } from '../../src/weights/locate.ts';
import {
  importWeights,
  listWeights,
  verifyWeights,
  weightsPath,
} from '../../src/weights/manage.ts';
import { WEIGHTS_SOURCES, type WeightsSource } from '../../src/weights/sources.ts';
import { verifyFeatures, verifyFile } from '../../src/weights/verify.ts';
import { testStorage } from '../storage.ts';
import { sameBits } from '../training/fixtures.ts';
import { type Behaviour, serve, type TestServer } from './server.ts';

let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fetch-'));
  vi.stubEnv('VGGTUNE_CACHE', join(folder, 'cache'));
  vi.stubEnv('VGGTUNE_MIRROR', '');
  for (const name of [
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'http_proxy',
    'https_proxy',
    'NO_PROXY',
    'no_proxy',
  ])
    vi.stubEnv(name, '');
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** The stall is long enough for a machine that does other things. */
const quick = { attempts: 3, delay: 5, stall: 5000 };
const impatient = { ...quick, stall: 300 };
const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251);
const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function sourceOf(url: string, changes: Partial<WeightsSource> = {}): WeightsSource {
  return {
    id: 'test/file',
    backbone: 'vgg-nano',
    family: 'timm',
    format: 'pytorch',
    url,
    file: 'test.pth',
    hashes: { sha256: hex(content) },
    licence: 'none',
    holds: 'all',
    ...changes,
  };
}

async function fetched(
  behaviour: Behaviour,
  options: { source?: Partial<WeightsSource>; path?: string; fetch?: Partial<FetchOptions> } = {},
): Promise<string> {
  server = await serve(content, behaviour);
  const url = server.url.replace('/file', options.path ?? '/file');
  const source = sourceOf(url, options.source);
  return fetchWeights(source, {
    storage: testStorage(),
    part: 'all',
    patience: quick,
    ...options.fetch,
  });
}

async function failure(work: Promise<unknown>): Promise<VggtuneError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(VggtuneError);
  return error as VggtuneError;
}

const inCache = async () =>
  (await readdir(join(folder, 'cache', 'weights')).catch(() => [])).sort();

async function expectWhole(path: string): Promise<void> {
  expect(hex(await readFile(path))).toBe(hex(content));
  expect(await inCache()).toEqual(['test.pth']);
}

describe('a whole file', () => {
  test('normal: once, then from the cache', async () => {
    const path = await fetched({});
    await expectWhole(path);
    const again = await fetchWeights(sourceOf('http://nowhere.invalid/'), {
      storage: testStorage(),
      part: 'all',
    });
    expect(again).toBe(path);
    expect(server?.requests).toEqual(['']);
  });

  test('tells how far it is', async () => {
    const events: RunEvent[] = [];
    await fetched({ pause: 30 }, { fetch: { emit: (event) => events.push(event) } });
    const progress = events.filter((event) => event.type === 'progress');
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.at(-1)).toMatchObject({ task: 'download', done: 300_000, total: 300_000 });
  });

  test.each<[string, Behaviour, string[]]>([
    ['cut in the middle', { faults: [{ cutAfter: 100_000 }] }, ['', 'bytes=100000-']],
    [
      'cut again and again',
      { faults: [1, 2, 3, 4].map(() => ({ cutAfter: 65_536 })) },
      ['', 'bytes=65536-', 'bytes=131072-', 'bytes=196608-', 'bytes=262144-'],
    ],
    ['cut, without ranges', { ranges: false, faults: [{ cutAfter: 9 }] }, ['', 'bytes=9-']],
    ['500, then well', { faults: [{ status: 500 }] }, ['', '']],
    ['429, 503, then well', { faults: [{ status: 429 }, { status: 503 }] }, ['', '', '']],
    ['slow', { pause: 50 }, ['']],
    ['no length', { length: false }, ['']],
    ['no tag', { etag: null, faults: [{ cutAfter: 50_000 }] }, ['', 'bytes=50000-']],
  ])('%s', async (_, behaviour, requests) => {
    await expectWhole(await fetched(behaviour));
    expect(server?.requests).toEqual(requests);
  });

  test('a stall, then well', async () => {
    const fetch = { patience: impatient };
    await expectWhole(await fetched({ faults: ['stall'] }, { fetch }));
    expect(server?.requests).toEqual(['', '']);
  });

  test('a redirect', async () => {
    await expectWhole(await fetched({}, { path: '/moved' }));
  });

  test('goes on where another process was broken off', async () => {
    const weights = join(folder, 'cache', 'weights');
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, '.test.pth.part'), content.subarray(0, 120_000));
    await writeFile(join(weights, '.test.pth.part.etag'), '"one"');
    await expectWhole(await fetched({}));
    expect(server?.requests).toEqual(['bytes=120000-']);
  });

  test('starts over when the file has changed since', async () => {
    const weights = join(folder, 'cache', 'weights');
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, '.test.pth.part'), new Uint8Array(120_000));
    await writeFile(join(weights, '.test.pth.part.etag'), '"older"');
    await expectWhole(await fetched({}));
    expect(server?.requests).toEqual(['bytes=120000-']);
  });

  test('starts over when the rest is not there', async () => {
    const weights = join(folder, 'cache', 'weights');
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, '.test.pth.part'), new Uint8Array(300_000));
    await expectWhole(await fetched({}));
  });
});

describe('what goes wrong', () => {
  test.each<[string, Behaviour, Partial<WeightsSource>, RegExp]>([
    ['404', { faults: [{ status: 404 }] }, {}, /status 404/],
    ['403', { faults: [{ status: 403 }] }, {}, /status 403/],
    ['500 for good', { faults: Array(9).fill({ status: 500 }) }, {}, /status 500/],
    ['wrong checksum', {}, { hashes: { sha256: 'ab'.repeat(32) } }, /^[0-9a-f]{64}$/],
    ['wrong MD5', {}, { hashes: { md5: 'ab'.repeat(16) } }, /^[0-9a-f]{32}$/],
    ['wrong length', {}, { bytes: 300_001 }, /300000 bytes/],
    ['too long', {}, { bytes: 299_999 }, /more/],
    ['too long, and it does not say how long', { length: false }, { bytes: 70_000 }, /more/],
  ])('%s: exit 5, and nothing stays', async (_, behaviour, source, found) => {
    const error = await failure(fetched(behaviour, { source }));
    expect(error.exitCode).toBe(5);
    expect(error.details.found).toMatch(found);
    expect(error.details.fix).toBeTruthy();
    expect(await inCache()).toEqual([]);
  });

  test('a stall for good', async () => {
    const fetch = { patience: impatient };
    const error = await failure(fetched({ faults: Array(9).fill('stall') }, { fetch }));
    expect(error.exitCode).toBe(5);
    expect(error.details.found).toContain('no data for 0.3 seconds');
  });

  test('no server', async () => {
    const server = await serve(content);
    await server.close();
    const options = { storage: testStorage(), part: 'all', patience: quick } as const;
    const error = await failure(fetchWeights(sourceOf(server.url), options));
    expect(error.exitCode).toBe(5);
    expect(error.details.found).toContain('ECONNREFUSED');
  });

  test('no space left', async () => {
    const weights = join(folder, 'cache', 'weights');
    await mkdir(weights, { recursive: true });
    await symlink('/dev/full', join(weights, '.test.pth.part'));
    const error = await failure(fetched({}));
    expect(error.details.found).toContain('ENOSPC');
    expect(error.details.fix).toContain('free some space');
    expect(await findCached(testStorage(), sourceOf(''), 'all')).toBeUndefined();
  });

  test('offline: says where to get the file', async () => {
    const error = await failure(fetched({}, { fetch: { offline: true } }));
    expect(error.exitCode).toBe(5);
    expect(error.details.fix).toContain('weights import');
    expect(server?.requests).toEqual([]);
  });

  test('an interrupt keeps what has arrived', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 150);
    const work = fetched({ pause: 60 }, { fetch: { signal: controller.signal } });
    await expect(work).rejects.toThrow(/abort/i);
    expect((await inCache()).some((name) => name.endsWith('.part'))).toBe(true);
  });
});

test('two at once: one download, both succeed', async () => {
  server = await serve(content, { pause: 40 });
  const source = sourceOf(server.url);
  const notes: string[] = [];
  const emit = (event: RunEvent) => void (event.type === 'note' && notes.push(event.message));
  const options = { storage: testStorage(), part: 'all', patience: quick, emit } as const;
  const paths = await Promise.all([fetchWeights(source, options), fetchWeights(source, options)]);
  expect(paths[0]).toBe(paths[1]);
  expect(server.requests).toEqual(['']);
  expect(notes).toEqual([expect.stringContaining('waiting for another process')]);
});

test('the lock of a dead process is taken over', async () => {
  const weights = join(folder, 'cache', 'weights');
  await mkdir(weights, { recursive: true });
  const { hostname } = await import('node:os');
  const owner = JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() });
  await writeFile(join(weights, '.test.pth.lock'), owner);
  await expectWhole(await fetched({}));
});

describe('the way there', () => {
  test('a mirror serves files by their names', async () => {
    server = await serve(content);
    vi.stubEnv('VGGTUNE_MIRROR', `${server.url}?`);
    expect(sourceUrl(sourceOf('http://x/'), testStorage())).toBe(`${server.url}?/test.pth`);
    vi.stubEnv('VGGTUNE_MIRROR', 'http://mirror/vgg/');
    expect(sourceUrl(sourceOf('http://x/'), testStorage())).toBe('http://mirror/vgg/test.pth');
  });

  test.each([
    ['http://user:s3cret@mirror/vgg', /a name or a password before mirror/],
    ['http://token@mirror/vgg', /a name or a password before mirror/],
    ['file:///srv/vgg', undefined],
    ['mirror/vgg', undefined],
  ])(
    'a mirror that cannot be used is refused, and no secret is shown: %s',
    async (mirror, found) => {
      vi.stubEnv('VGGTUNE_MIRROR', mirror);
      const error = await failure(
        fetchWeights(sourceOf('http://x/'), { storage: testStorage(), part: 'all' }),
      );
      expect([error.exitCode, error.details.where]).toEqual([2, 'VGGTUNE_MIRROR']);
      if (found !== undefined) expect(error.details.found).toMatch(found);
      expect(JSON.stringify([error.message, error.details])).not.toMatch(/s3cret|user|token/);
    },
  );

  test('a redirect may not leave https', () => {
    expect(isDowngrade('https://a/x', 'http://b/x')).toBe(true);
    expect(isDowngrade('https://a/x', 'https://b/x')).toBe(false);
    expect(isDowngrade('http://a/x', 'http://b/x')).toBe(false);
  });

  test('a proxy is asked', async () => {
    const asked: string[] = [];
    const proxy = createServer((_request, response) => response.end());
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 403 no\r\n\r\n');
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    vi.stubEnv('https_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.resetModules();
    const { download } = await import('../../src/weights/download.ts');
    const part = join(folder, 'part');
    const patience = { attempts: 1, delay: 1, stall: 2000 };
    await expect(download({ url: 'https://weights.invalid/x', part, patience })).rejects.toThrow();
    expect(asked).toEqual(['weights.invalid:443']);
    await new Promise((done) => proxy.close(done));
  });
});

describe('convolutions alone', () => {
  const nano = buildNetwork({
    backbone: 'vgg-nano',
    head: { kind: 'linear', dropout: 0, hidden: 1 },
    classes: 5,
    preprocessing: { ...TORCHVISION_PREPROCESSING, size: 64 },
  });
  const weights = randomWeights(nano, 3);

  /** A published file: other tensors before, between and behind. */
  async function published(): Promise<Uint8Array> {
    const numbers = [0, 4, 8, 11, 15, 18, 22, 25];
    const convolutions = [...weights.keys()].filter((name) => /^conv.*weight/.test(name));
    const index = new Map(convolutions.map((name, i) => [name.slice(4, -7), numbers[i] ?? -1]));
    const dense = { shape: [100, 300], data: new Float32Array(30_000).fill(7) };
    const named = [...weights].flatMap(([name, tensor]) => {
      const [, kind, id = '', suffix] = /^(conv|bn)(.+?)\.(.+)$/.exec(name) ?? [];
      if (kind === undefined) return [];
      const number = (index.get(id) ?? -1) + (kind === 'bn' ? 1 : 0);
      return [[`features.${number}.${suffix}`, tensor] as const];
    });
    const middle = named.splice(10);
    const all = new Map([
      ['a.other', dense],
      ...named,
      ['pre_logits.fc1.weight', dense],
      ...middle,
      ['head.fc.weight', dense],
    ]);
    const path = join(folder, 'published.safetensors');
    await writeSafetensors(path, all, { format: 'pt' });
    return readFile(path);
  }

  const nanoSource = (url: string, bytes: Uint8Array) =>
    sourceOf(url, {
      format: 'safetensors',
      file: 'nano.safetensors',
      hashes: { sha256: hex(bytes) },
    });

  test.each<[string, Behaviour]>([
    ['normal', {}],
    ['cut twice', { faults: ['fine', { cutAfter: 100_000 }, { cutAfter: 70_000 }] }],
    ['500 at the header', { faults: [{ status: 500 }] }],
  ])('by ranges: %s', async (_, behaviour) => {
    const bytes = await published();
    server = await serve(bytes, behaviour);
    const source = nanoSource(server.url, bytes);
    const path = await fetchWeights(source, {
      storage: testStorage(),
      part: 'features',
      patience: quick,
    });
    expect(await inCache()).toEqual(['nano.features.safetensors']);
    const { tensors, metadata } = await readSafetensors(path);
    expect(metadata).toMatchObject({ source: 'test/file', part: 'features' });
    expect([...tensors.keys()].every((name) => name.startsWith('features.'))).toBe(true);
    expect(server.requests.every((range) => range !== '')).toBe(true);
    const loaded = await loadWeights({
      network: nano,
      source: path,
      storage: testStorage(),
      seed: 0,
    });
    expect(sameBits(loaded.weights.get('conv5_2.weight'), weights.get('conv5_2.weight'))).toBe(
      true,
    );
    expect(
      sameBits(loaded.weights.get('bn1_1.running_var'), weights.get('bn1_1.running_var')),
    ).toBe(true);
    expect([...loaded.newLayers]).toEqual(['fc8']);
    // Again: from the cache.
    const count = server.requests.length;
    expect(await fetchWeights(source, { storage: testStorage(), part: 'features' })).toBe(path);
    expect(server.requests).toHaveLength(count);
  });

  test('a server without ranges: the whole file, once', async () => {
    const bytes = await published();
    server = await serve(bytes, { ranges: false });
    const source = nanoSource(server.url, bytes);
    await fetchWeights(source, { storage: testStorage(), part: 'features', patience: quick });
    expect(await inCache()).toEqual(['nano.safetensors']);
  });

  test('a file that changes on the way is fetched anew', async () => {
    const bytes = await published();
    const part = join(folder, 'cache', 'weights', '.nano.features.safetensors.part');
    await mkdir(join(folder, 'cache', 'weights'), { recursive: true });
    await writeFile(part, new Uint8Array(5000));
    await writeFile(`${part}.etag`, '"older"');
    server = await serve(bytes);
    const path = await fetchWeights(nanoSource(server.url, bytes), {
      storage: testStorage(),
      part: 'features',
      patience: quick,
    });
    const { tensors } = await readSafetensors(path, { names: ['features.0.weight'] });
    expect(sameBits(tensors.get('features.0.weight'), weights.get('conv1_1.weight'))).toBe(true);
  });

  /** The hash of what `by ranges` gathers: the convolutions in the order of the file. */
  async function featuresHash(bytes: Uint8Array): Promise<string> {
    server = await serve(bytes);
    const path = await fetchWeights(nanoSource(server.url, bytes), {
      storage: testStorage(),
      part: 'features',
    });
    const { metadata } = await readSafetensors(path);
    await rm(path);
    return metadata.sha256 ?? '';
  }

  test('without a pinned hash it is said that they are not checked', async () => {
    const bytes = await published();
    server = await serve(bytes);
    const notes: string[] = [];
    const emit = (event: RunEvent) => void (event.type === 'note' && notes.push(event.message));
    await fetchWeights(nanoSource(server.url, bytes), {
      storage: testStorage(),
      part: 'features',
      emit,
    });
    expect(notes).toEqual([expect.stringMatching(/cannot be checked.*--all/)]);
  });

  test('a pinned hash of theirs is compared: what passes, and what is refused', async () => {
    const bytes = await published();
    const featuresSha256 = await featuresHash(bytes);
    const source = { ...nanoSource(server?.url ?? '', bytes), featuresSha256 };
    const notes: string[] = [];
    const emit = (event: RunEvent) => void (event.type === 'note' && notes.push(event.message));
    const path = await fetchWeights(source, { storage: testStorage(), part: 'features', emit });
    expect(notes).toEqual([]);
    expect((await verifyFeatures(path, source)).checked).toBe('published');
    await rm(path);
    await server?.close();
    // Zeroed convolutions: header, length and shapes are those of the published file.
    const { dataStart, tensors } = await readSafetensorsHeader(
      join(folder, 'published.safetensors'),
    );
    const zeroed = Uint8Array.from(bytes);
    const first = tensors.get('features.0.weight');
    zeroed.fill(0, first?.start ?? dataStart, first?.end);
    server = await serve(zeroed);
    const changed = { ...source, url: server.url };
    const error = await failure(
      fetchWeights(changed, { storage: testStorage(), part: 'features', patience: quick }),
    );
    expect([error.exitCode, error.details.expected]).toEqual([
      5,
      `sha256 ${featuresSha256} of the convolutions`,
    ]);
    expect(await inCache()).toEqual([]);
  });

  test('a file in the cache whose hash does not fit is not used', async () => {
    const bytes = await published();
    server = await serve(bytes);
    const source = nanoSource(server.url, bytes);
    const fetch = () => fetchWeights(source, { storage: testStorage(), part: 'features' });
    const path = await fetch();
    expect(await fetch()).toBe(path);
    const damaged = await readFile(path);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    await writeFile(path, damaged);
    const error = await failure(fetch());
    expect([error.exitCode, error.details.where]).toEqual([5, path]);
    expect(error.message).toContain('damaged');
    await rm(path);
    expect(await fetch()).toBe(path);
  });

  test('a range that brings more than was asked for', async () => {
    const bytes = await published();
    server = await serve(bytes, { surplus: 4_000_000, faults: ['fine'] });
    const work = fetchWeights(nanoSource(server.url, bytes), {
      storage: testStorage(),
      part: 'features',
      patience: quick,
    });
    // Its header comes as it should; the ranges after it are too long.
    const error = await failure(work);
    expect([error.exitCode, error.message]).toEqual([5, expect.stringContaining('sends more')]);
    expect(await inCache()).toEqual([]);
  });

  test('a file of another network: exit 5', async () => {
    const path = join(folder, 'other.safetensors');
    await writeSafetensors(path, new Map([['x', { shape: [1], data: new Float32Array(1) }]]));
    const bytes = await readFile(path);
    server = await serve(bytes);
    const work = fetchWeights(nanoSource(server.url, bytes), {
      storage: testStorage(),
      part: 'features',
      patience: quick,
    });
    expect((await failure(work)).exitCode).toBe(5);
    expect(await inCache()).toEqual([]);
  });
});

describe('the cache folder', () => {
  test('list, path', async () => {
    const listed = await listWeights(testStorage());
    expect(listed).toHaveLength(WEIGHTS_SOURCES.length);
    expect(listed.every(({ cached }) => cached === undefined)).toBe(true);
    expect(await weightsPath(testStorage())).toBe(join(folder, 'cache', 'weights'));
    expect((await failure(weightsPath(testStorage(), 'vgg16'))).exitCode).toBe(5);
    expect((await failure(weightsPath(testStorage(), 'vgg17'))).exitCode).toBe(2);
  });

  test('a file with a published name and other bytes fails, an unknown one as well', async () => {
    const weights = join(folder, 'cache', 'weights');
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, 'vgg16-397923af.pth'), 'not it');
    await writeFile(join(weights, 'mine.safetensors'), 'nor this');
    const verified = await verifyWeights(testStorage());
    expect(verified.map(({ name, problem }) => [name, problem !== undefined])).toEqual([
      ['mine.safetensors', true],
      ['vgg16-397923af.pth', true],
    ]);
    expect(verified[1]?.problem).toContain('397923af');
    expect((await listWeights(testStorage())).find(({ cached }) => cached === 'all')?.id).toBe(
      'vgg16/torchvision',
    );
  });

  test('a verdict says no more than what was compared', async () => {
    const weights = join(folder, 'cache', 'weights');
    const tensors = new Map([['x', { shape: [2], data: Float32Array.of(1, 2) }]]);
    const sha256 = hex(new Uint8Array(Float32Array.of(1, 2).buffer));
    const metadata = { source: 'vgg16/timm', part: 'features', sha256 };
    const path = join(weights, 'vgg16.tv_in1k.features.safetensors');
    await writeSafetensors(path, tensors, metadata);
    const [verified] = await verifyWeights(testStorage());
    expect([verified?.problem, verified?.checked]).toEqual([undefined, 'own-hash']);
    const provenance = await locateWeights({
      storage: testStorage(),
      network: buildNetwork({
        backbone: 'vgg16',
        head: { kind: 'linear', dropout: 0, hidden: 1 },
        classes: 2,
        preprocessing: TORCHVISION_PREPROCESSING,
      }),
      source: 'auto',
      offline: true,
    });
    expect(provenance?.provenance.part).toContain('not checked');
    expect(provenance?.provenance).not.toHaveProperty('sha256');
  });

  test('thirty-two bits of a hash are called so', async () => {
    const path = join(folder, 'file');
    await writeFile(path, content);
    const short = sourceOf('', { hashes: { sha256Prefix: hex(content).slice(0, 8) } });
    expect(await verifyFile(path, short)).toBe('published-32-bits');
    expect(await verifyFile(path, sourceOf(''))).toBe('published');
  });

  test('a damaged file in the cache is not used, and one that was checked is not read again', async () => {
    const path = await fetched({});
    const source = sourceOf('http://nowhere.invalid/');
    const use = () => fetchWeights(source, { storage: testStorage(), part: 'all' });
    await use();
    expect(await inCache()).toEqual(['.test.pth.checked', 'test.pth']);
    const record = join(folder, 'cache', 'weights', '.test.pth.checked');
    const { mtimeMs } = await stat(record);
    await use();
    expect((await stat(record)).mtimeMs).toBe(mtimeMs);
    await writeFile(path, new Uint8Array(content.length));
    const error = await failure(use());
    expect(error.exitCode).toBe(5);
    expect(error.details.fix).toContain('remove the file');
  });

  test('only published files are imported', async () => {
    const path = join(folder, 'nano.safetensors');
    const nano = buildNetwork({
      backbone: 'vgg-nano',
      head: { kind: 'linear', dropout: 0, hidden: 1 },
      classes: 5,
      preprocessing: { ...TORCHVISION_PREPROCESSING, size: 64 },
    });
    await writeSafetensors(path, randomWeights(nano, 0));
    const error = await failure(importWeights(path, testStorage()));
    expect(error.details.fix).toContain('--weights');
  });
});

describe('the table of sources', () => {
  test('ids and files are unique, and every row is complete', () => {
    const unique = (values: readonly string[]) => new Set(values).size === values.length;
    expect(unique(WEIGHTS_SOURCES.map(({ id }) => id))).toBe(true);
    expect(unique(WEIGHTS_SOURCES.map(({ file }) => file))).toBe(true);
    for (const { url, hashes, licence, top1, file } of WEIGHTS_SOURCES) {
      expect(new URL(url).protocol).toBe('https:');
      expect(file).toMatch(/^[\w.-]+$/);
      expect(licence).not.toBe('');
      const { sha256 = '0'.repeat(64), sha256Prefix = '00000000', md5 = '0'.repeat(32) } = hashes;
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(sha256Prefix).toMatch(/^[0-9a-f]{8}$/);
      expect(md5).toMatch(/^[0-9a-f]{32}$/);
      expect(Object.keys(hashes)).toHaveLength(1);
      if (top1 !== undefined) expect(top1 > 60 && top1 < 80).toBe(true);
    }
  });
});

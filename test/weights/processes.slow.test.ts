import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sha256 } from '../../src/base/hash.ts';
import { type Shape, sizeOf } from '../../src/base/tensor.ts';
import { encodeSafetensorsHeader, writeSafetensors } from '../../src/formats/safetensors.ts';
import { buildNetwork } from '../../src/network/build.ts';
import { parameterShapes } from '../../src/network/parameters.ts';
import { TORCHVISION_PREPROCESSING } from '../../src/network/preprocessing.ts';
import {
  importWeights,
  listWeights,
  verifyWeights,
  weightsPath,
} from '../../src/weights/manage.ts';
import { backboneShapes } from '../../src/weights/recognise.ts';
import { testStorage } from '../storage.ts';
import { serve } from './server.ts';

let folder: string;
beforeAll(async () => {
  // Real processes run what is shipped, the built files: `npm test` builds first.
  folder = await mkdtemp(join(tmpdir(), 'processes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a module that imports built files; `DIST` in it stands for their folder. */
async function child(code: string, env: Record<string, string> = {}): Promise<string> {
  const path = join(folder, `${sha256(code).slice(0, 12)}.mjs`);
  const dist = pathToFileURL(resolve('dist')).href;
  await writeFile(path, code.replaceAll('DIST', dist));
  const started = spawn('node', [path], { env: { ...process.env, ...env } });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  started.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  started.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const exit = await new Promise<number | null>((done) => started.on('close', done));
  if (exit !== 0) throw new Error(Buffer.concat(errors).toString());
  return Buffer.concat(out).toString();
}

const MEMORY = `
import { readSafetensors, readSafetensorsHeader } from 'DIST/formats/safetensors.js';
const path = process.env.WEIGHTS;
const peak = () => process.resourceUsage().maxRSS * 1024;
const { tensors: index } = await readSafetensorsHeader(path);
const names = [...index.keys()].filter((name) => name.startsWith('conv'));
const before = peak();
const started = performance.now();
const { tensors } = await readSafetensors(path, { names });
const seconds = (performance.now() - started) / 1000;
const bytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
console.log(JSON.stringify({ bytes, above: peak() - before - bytes, seconds, first: tensors.get('conv5_3.bias').data[511] }));
`;

test("VGG16's convolutions of a whole 553 MB file take their own memory", async () => {
  const path = join(folder, 'vgg16.safetensors');
  await writeLarge(path);
  const result = JSON.parse(await child(MEMORY, { WEIGHTS: path })) as Record<string, number>;
  console.log(
    `${result.bytes} bytes in ${result.seconds?.toFixed(3)} s, ${((result.above ?? 0) / 1e6).toFixed(1)} MB above them`,
  );
  expect(result.bytes).toBe(4 * 14_714_688);
  expect(result.first).toBe(25);
  expect(result.above).toBeLessThan(50e6);
});

/** Every tensor filled with its place in the file. */
async function writeLarge(path: string): Promise<void> {
  const network = buildNetwork({
    backbone: 'vgg16',
    head: { kind: 'vgg', dropout: 0.5, hidden: 1 },
    classes: 1000,
    preprocessing: TORCHVISION_PREPROCESSING,
  });
  const shapes: [string, Shape][] = [...parameterShapes(network)];
  const file = await open(path, 'w');
  await file.writeFile(encodeSafetensorsHeader(shapes, {}));
  for (const [index, [, shape]] of shapes.entries()) {
    const chunk = new Float32Array(2 ** 20).fill(index);
    for (let left = sizeOf(shape); left > 0; left -= chunk.length) {
      await file.writeFile(new Uint8Array(chunk.buffer, 0, 4 * Math.min(left, chunk.length)));
    }
  }
  await file.close();
}

test('a fetched part that is carried to another machine is imported there, and verified', async () => {
  vi.stubEnv('VGGTUNE_CACHE', join(folder, 'elsewhere'));
  const tensors = [...backboneShapes('vgg16')].map(
    ([name, shape]) => [name, { shape, data: new Float32Array(sizeOf(shape)) }] as const,
  );
  const hash = createHash('sha256');
  for (const [, { data }] of tensors) hash.update(data);
  const path = join(folder, 'carried.bin');
  const metadata = { source: 'vgg16/timm', part: 'features', sha256: hash.digest('hex') };
  await writeSafetensors(path, new Map(tensors), metadata);

  const imported = await importWeights(path, testStorage());
  expect(imported.source).toBe('vgg16/timm');
  expect(await weightsPath(testStorage(), 'vgg16')).toBe(imported.path);
  expect((await verifyWeights(testStorage(), 'vgg16')).map(({ problem }) => problem)).toEqual([
    undefined,
  ]);
  const listed = (await listWeights(testStorage())).find(({ id }) => id === 'vgg16/timm');
  expect(listed).toMatchObject({ cached: 'features', path: imported.path });

  // One bit: neither the copy nor the original is what was published.
  const file = await open(imported.path, 'r+');
  await file.write(Uint8Array.of(1), 0, 1, 10_000_000);
  await file.close();
  expect((await verifyWeights(testStorage()))[0]?.problem).toContain('sha256');
  await expect(importWeights(imported.path, testStorage())).rejects.toThrow(
    /none of the published/,
  );
  vi.unstubAllEnvs();
});

const FETCH = `
import { fetchWeights } from 'DIST/weights/fetch.js';
const source = JSON.parse(process.env.SOURCE);
console.log(await fetchWeights(source, { part: 'all', storage: { folder: process.env.CACHE } }));
`;

test('two processes that fetch the same file: one download, both succeed', async () => {
  const content = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) % 253);
  const server = await serve(content, { pause: 30 });
  const cache = join(folder, 'cache');
  const SOURCE = JSON.stringify({
    id: 'test/file',
    url: server.url,
    file: 'test.pth',
    format: 'pytorch',
    holds: 'all',
    hashes: { sha256: sha256(content) },
  });
  try {
    const env = { SOURCE, CACHE: cache };
    const paths = await Promise.all([child(FETCH, env), child(FETCH, env), child(FETCH, env)]);
    expect(new Set(paths).size).toBe(1);
    expect(server.requests).toEqual(['']);
    expect(await readdir(join(cache, 'weights'))).toEqual(['test.pth']);
  } finally {
    await server.close();
  }
});

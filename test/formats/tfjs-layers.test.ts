import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import { affineRange, writeTfjsLayers } from '../../src/formats/tfjs-layers.ts';

it('a byte stands for zero where values lie on both sides of it', () => {
  const { min, scale } = affineRange(Float32Array.from([-0.31, 0.77, 0.2]));
  const zero = -min / scale;
  expect(zero).toBeCloseTo(Math.round(zero), 9);
  expect(min + 255 * scale).toBeGreaterThan(0.77 - scale);
  expect(affineRange(Float32Array.from([2, 2]))).toEqual({ min: 2, scale: 1 });
  expect(affineRange(Float32Array.from([1, 2]))).toEqual({ min: 1, scale: 1 / 255 });
});

it('weights are cut into shards of 4 MiB, in order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-tfjs-'));
  const rng = createRng('shards', 0);
  const make = (count: number) => Float32Array.from({ length: count }, () => rng.uniform());
  const [a, b] = [make(1_500_000), make(700_000)];
  const weights = [
    { name: 'one/kernel', shape: [1500, 1000], data: () => a },
    { name: 'two/kernel', shape: [700_000], data: () => b },
  ];
  await writeTfjsLayers(folder, { topology: {}, weights, metadata: {}, generatedBy: 'test' });
  const { weightsManifest } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const [{ paths }] = weightsManifest;
  expect(paths).toEqual(['group1-shard1of3.bin', 'group1-shard2of3.bin', 'group1-shard3of3.bin']);
  expect((await readdir(folder)).sort()).toEqual([...paths, 'model.json'].sort());
  expect((await stat(join(folder, paths[0]))).size).toBe(4 * 2 ** 20);
  const bytes = Buffer.concat(
    await Promise.all(paths.map((path: string) => readFile(join(folder, path)))),
  );
  expect(bytes.equals(Buffer.concat([Buffer.from(a.buffer), Buffer.from(b.buffer)]))).toBe(true);
  await rm(folder, { recursive: true });
});

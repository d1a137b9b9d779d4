import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromMetadata, type ModelDescription, toMetadata } from '../../src/export/metadata.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { buildNetwork } from '../../src/network/build.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import { loadModel } from '../../src/pipeline/prepare/trained-model.ts';
import { randomWeights } from '../../src/weights/initialise.ts';

const head = { kind: 'linear', dropout: 0.2, hidden: 256 } as const;
const preprocessing = plainPreprocessing(64);
const description: ModelDescription = {
  ...{ backbone: 'vgg-nano', head, preprocessing, labels: ['a', 'b'], background: '#ffffff' },
};
const good = toMetadata(description);
const json = (value: unknown) => JSON.stringify(value);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-metadata-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('comes back as it was', () => {
  expect(fromMetadata(good, 'x')).toEqual(description);
  const { background: _, ...older } = good;
  expect(fromMetadata(older, 'x').background).toBe('#ffffff');
});

it.each([
  ['backbone', 'foo'],
  ['backbone', 'constructor'],
  ['backbone', '__proto__'],
  ['head', '{"kind": "__proto__", "dropout": 0, "hidden": 1}'],
  ['head', json({ ...head, hidden: Number.MAX_SAFE_INTEGER })],
  ['head', json({ ...head, hidden: 0.5 })],
  ['head', 'no JSON'],
  ['labels', '{"length": 9}'],
  ['labels', '[1, 2]'],
  ['labels', '[]'],
  ['labels', '"ab"'],
  ['preprocessing', json({ ...preprocessing, mean: Array(300).fill(0) })],
  ['preprocessing', json({ ...preprocessing, std: [0, 0, 0] })],
  ['preprocessing', json({ ...preprocessing, size: 1e9 })],
  ['preprocessing', json({ ...preprocessing, scale: null })],
  ['preprocessing', json({ ...preprocessing, channels: 'rgba' })],
  ['preprocessing', 'null'],
  ['background', 'url(x)'],
])('%s %s is refused, by its name', (key, value) => {
  expect(() => fromMetadata({ ...good, [key]: value }, 'file')).toThrow(
    expect.objectContaining({
      exitCode: 3,
      details: expect.objectContaining({
        found: expect.stringMatching(new RegExp(`^${key}`)),
        where: 'file, metadata',
      }),
    }),
  );
});

it('without one of them, of another version, or of something else', () => {
  const { head: _, ...incomplete } = good;
  for (const metadata of [incomplete, { ...good, version: '2' }, {}]) {
    expect(() => fromMetadata(metadata, 'file')).toThrow(expect.objectContaining({ exitCode: 3 }));
  }
});

it.each([
  ['more labels', { labels: ['a', 'b', 'c'] }, /^fc8.weight of shape \[3,256\]/],
  ['another head', { head: { ...head, kind: 'mlp' as const } }, /^fc7.weight of shape/],
  ['another backbone', { backbone: 'vgg11' as const }, /^conv1_1.weight of shape \[64,3,3,3\]/],
])('tensors of another network than it names are refused: %s', async (_, change, expected) => {
  const network = buildNetwork({ backbone: 'vgg-nano', head, classes: 2, preprocessing });
  const path = join(folder, 'model.safetensors');
  await writeSafetensors(path, randomWeights(network, 0), good);
  expect((await loadModel(path)).network.classes).toBe(2);
  const metadata = toMetadata({ ...description, ...change });
  await writeSafetensors(path, randomWeights(network, 0), metadata);
  await expect(loadModel(path)).rejects.toMatchObject({
    exitCode: 3,
    details: { expected: expect.stringMatching(expected) },
  });
});

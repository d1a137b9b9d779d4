import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import type { NamedTensors, Tensor } from '../../src/base/tensor.ts';
import { openEngine } from '../../src/engines/index.ts';
import { onnxNetwork } from '../../src/export/onnx-network.ts';
import { encodeOnnx } from '../../src/formats/onnx-proto.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import type { BackboneName } from '../../src/network/catalog.ts';
import { KERAS_PREPROCESSING, TORCHVISION_PREPROCESSING } from '../../src/network/preprocessing.ts';
import type { NetworkSpec, Preprocessing } from '../../src/network/spec.ts';
import { loadWeights } from '../../src/weights/load.ts';
import golden from '../golden/vgg.json' with { type: 'json' };
import { testStorage } from '../storage.ts';
import { formulaPixels, formulaWeights, narrowNetwork } from './narrow.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'published-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fixture = (name: string) =>
  fileURLToPath(new URL(`../fixtures/weights/${name}`, import.meta.url));

async function logits(
  network: NetworkSpec,
  { weights, preprocessing }: { weights: NamedTensors; preprocessing: Preprocessing | undefined },
): Promise<number[]> {
  if (preprocessing === undefined) throw new Error('no preprocessing');
  const engine = await openEngine('onnx', 'cpu');
  const program = await engine.compileForward({
    network: { ...network, preprocessing: { ...preprocessing, size: network.preprocessing.size } },
    from: 0,
    to: network.layers.length,
    weights,
    batchSize: 1,
  });
  const out = await program.run(formulaPixels(network.preprocessing.size), 1);
  const values = [...out];
  await program.release();
  return values;
}

/** Within 1e-4 of the largest logit. */
function expectClose(found: readonly number[], expected: readonly number[] | undefined): void {
  if (expected === undefined) throw new Error('no golden');
  expect(found).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN))));
  expect(worst / scale).toBeLessThan(1e-4);
}

const load = (network: NetworkSpec, source: string, channels: 'rgb' | 'keep' = 'rgb') =>
  loadWeights({ network, source, storage: testStorage(), seed: 1, keepHead: true, channels });

/** torchvision's numbers of the layers of `features`. */
const FEATURES: Readonly<Record<string, number[]>> = {
  vgg11: [0, 3, 6, 8, 11, 13, 16, 18],
  vgg13: [0, 2, 5, 7, 10, 12, 15, 17, 20, 22],
  vgg16: [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28],
  vgg19: [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34],
  vgg11_bn: [0, 4, 8, 11, 15, 18, 22, 25],
  vgg16_bn: [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40],
};

function torchvisionNames(
  backbone: string,
  weights: NamedTensors,
  heads: Record<string, string>,
): Map<string, Tensor> {
  const convolutions = [...weights.keys()].filter((name) => /^conv.*weight/.test(name));
  const numbers = new Map(
    convolutions.map((name, i) => [name.slice(4, -7), FEATURES[backbone]?.[i] ?? -1]),
  );
  return new Map(
    [...weights].map(([name, tensor]) => {
      const [, kind = '', id = '', suffix = ''] = /^(conv|bn|fc)(.+?)\.(.+)$/.exec(name) ?? [];
      if (kind === 'fc') return [`${heads[`fc${id}`]}.${suffix}`, tensor];
      return [`features.${(numbers.get(id) ?? -1) + (kind === 'bn' ? 1 : 0)}.${suffix}`, tensor];
    }),
  );
}

const CLASSIFIER = { fc6: 'classifier.0', fc7: 'classifier.3', fc8: 'classifier.6' };
const PRE_LOGITS = { fc6: 'pre_logits.fc1', fc7: 'pre_logits.fc2', fc8: 'head.fc' };

describe('torchvision, as safetensors', () => {
  test.each(Object.entries(golden.torchvision))('%s', async (backbone, expected) => {
    const network = narrowNetwork(backbone as BackboneName);
    const path = join(folder, `${backbone}.bin`);
    await writeSafetensors(path, torchvisionNames(backbone, formulaWeights(network), CLASSIFIER));
    const loaded = await load(network, path);
    expect(loaded.preprocessing).toEqual(TORCHVISION_PREPROCESSING);
    expect(loaded.provenance).toMatchObject({ family: 'torchvision', format: 'safetensors' });
    expect([...loaded.newLayers]).toEqual([]);
    expectClose(await logits(network, loaded), expected);
  });

  test("timm's classifier as convolutions", async () => {
    const network = narrowNetwork('vgg19');
    const named = torchvisionNames('vgg19', formulaWeights(network), PRE_LOGITS);
    const unflatten = (name: string, [h, w]: [number, number]) => {
      const tensor = named.get(name);
      if (tensor === undefined) throw new Error(name);
      const [outputs = 0, inputs = 0] = tensor.shape;
      named.set(name, { data: tensor.data, shape: [outputs, inputs / (h * w), h, w] });
    };
    unflatten('pre_logits.fc1.weight', [7, 7]);
    unflatten('pre_logits.fc2.weight', [1, 1]);
    const path = join(folder, 'timm.bin');
    await writeSafetensors(path, named, { format: 'pt' });
    const loaded = await load(network, path);
    expect(loaded.provenance.family).toBe('timm');
    expectClose(await logits(network, loaded), golden.torchvision.vgg19);
  });

  test('larger images, through the adaptive pooling', async () => {
    const row = narrowNetwork('vgg16');
    const network = narrowNetwork('vgg16', 10, 320);
    expect(network.layers.length).toBe(row.layers.length + 1);
    const loaded = { weights: formulaWeights(network), preprocessing: TORCHVISION_PREPROCESSING };
    expectClose(await logits(network, loaded), golden.larger.vgg16);
  });
});

describe('files as PyTorch writes them', () => {
  test.each<[string, BackboneName, readonly number[]]>([
    ['vgg16.pth', 'vgg16', golden.torchvision.vgg16],
    ['vgg16_bn-legacy.pth', 'vgg16_bn', golden.torchvision.vgg16_bn],
  ])('%s', async (name, backbone, expected) => {
    const network = narrowNetwork(backbone);
    const loaded = await load(network, fixture(name));
    expect(loaded.weights).toEqual(formulaWeights(network));
    expect(loaded.provenance).toMatchObject({ family: 'torchvision', format: 'pytorch' });
    expectClose(await logits(network, loaded), expected);
  });
});

describe("Keras's files", () => {
  test.each<[string, BackboneName, readonly number[]]>([
    ['vgg16-keras.h5', 'vgg16', golden.keras.vgg16],
    ['vgg19-keras.h5', 'vgg19', golden.keras.vgg19],
  ])('%s: BGR kept, and folded into RGB', async (name, backbone, expected) => {
    const network = narrowNetwork(backbone);
    const kept = await load(network, fixture(name), 'keep');
    expect(kept.preprocessing).toEqual(KERAS_PREPROCESSING);
    expect(kept.weights).toEqual(formulaWeights(network));
    const bgr = await logits(network, kept);
    expectClose(bgr, expected);

    const folded = await load(network, fixture(name));
    expect(folded.preprocessing).toEqual({
      ...KERAS_PREPROCESSING,
      channels: 'rgb',
      mean: [123.68, 116.779, 103.939],
    });
    expectClose(await logits(network, folded), expected);
    expectClose(await logits(network, folded), bgr);
  });

  test('with the wrong channel order the logits would differ', async () => {
    const network = narrowNetwork('vgg16');
    const folded = await load(network, fixture('vgg16-keras.h5'));
    const wrong = await logits(network, { ...folded, preprocessing: KERAS_PREPROCESSING });
    expect(() => expectClose(wrong, golden.keras.vgg16)).toThrow();
  });
});

describe("this project's own files", () => {
  test('safetensors with canonical names, and a preprocessing in the metadata', async () => {
    const network = narrowNetwork('vgg11');
    const path = join(folder, 'own.safetensors');
    const preprocessing = { ...TORCHVISION_PREPROCESSING, size: 192, resize: 200 };
    const metadata = { preprocessing: JSON.stringify(preprocessing) };
    const slot = ['slot:conv1_1.weight.m', { shape: [1], data: Float32Array.of(1) }] as const;
    await writeSafetensors(path, new Map([...formulaWeights(network), slot]), metadata);
    const loaded = await load(network, path);
    expect(loaded.preprocessing).toEqual(preprocessing);
    expect(loaded.weights).toEqual(formulaWeights(network));
  });

  test('an ONNX export, and one with its batch norms folded', async () => {
    for (const backbone of ['vgg11', 'vgg11_bn'] as const) {
      const network = narrowNetwork(backbone);
      const metadata = { preprocessing: JSON.stringify(TORCHVISION_PREPROCESSING), backbone };
      const weights = formulaWeights(network);
      const path = join(folder, `${backbone}.onnx`);
      const onnx = onnxNetwork(
        { network, weights },
        { input: 'pixels', batchNorms: 'folded', metadata },
      );
      await writeFileAtomic(path, encodeOnnx(onnx));
      const loaded = await load(network, path);
      expect(loaded.provenance).toMatchObject({ family: 'vggtune', format: 'onnx' });
      expectClose(await logits(network, loaded), golden.torchvision[backbone]);
    }
  });
});

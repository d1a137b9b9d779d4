import { createRng } from '../../src/base/rng.ts';
import type { NamedTensors } from '../../src/base/tensor.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import type { ExportModel } from '../../src/export/model.ts';
import { buildFromRow } from '../../src/network/build.ts';
import { BACKBONE_ROWS, type BackboneRow, type HeadName } from '../../src/network/catalog.ts';
import { KERAS_PREPROCESSING, plainPreprocessing } from '../../src/network/preprocessing.ts';
import type { Preprocessing } from '../../src/network/spec.ts';
import { randomWeights } from '../../src/weights/initialise.ts';

const NANO = BACKBONE_ROWS['vgg-nano'];
/** A quarter of the width: what is compared does not depend on it, and drawing the weights takes a sixteenth. */
const NARROW_VGG11 = { ...BACKBONE_ROWS.vgg11, widths: [16, 32, 64, 128, 128] };

/** Networks that between them have every kind of layer, head and preprocessing. */
export const CASES: Readonly<
  Record<string, { row: BackboneRow; head: HeadName; preprocessing: Preprocessing }>
> = {
  linear: { row: NANO, head: 'linear', preprocessing: plainPreprocessing(64) },
  levels: { row: NANO, head: 'levels', preprocessing: plainPreprocessing(64) },
  'mlp, BGR, no batch norm': {
    row: NARROW_VGG11,
    head: 'mlp',
    preprocessing: { ...KERAS_PREPROCESSING, size: 32, resize: 36 },
  },
  vgg: { row: NANO, head: 'vgg', preprocessing: plainPreprocessing(64) },
  'vgg, averaged from 3x3': {
    row: NANO,
    head: 'vgg',
    preprocessing: plainPreprocessing(96),
  },
  'vgg, averaged from 4x4, BGR': {
    row: NANO,
    head: 'vgg',
    preprocessing: { ...KERAS_PREPROCESSING, scale: 1 / 64, mean: [1.6, 1.8, 1.9], size: 128 },
  },
};

export const LABELS = ['ant', 'bee', 'cat', 'dog', 'elk'];

const made = new Map<string, ExportModel>();

/** Random weights, with statistics and scales that are not those of a fresh network. Each is made once. */
export function exportModelOf(name: string): ExportModel {
  const model = made.get(name) ?? makeModel(name);
  made.set(name, model);
  return model;
}

function makeModel(name: string): ExportModel {
  const found = CASES[name];
  if (found === undefined) throw new Error(`no case ${name}`);
  const { row, preprocessing } = found;
  const head = { kind: found.head, dropout: 0.2, hidden: 24 };
  const network = buildFromRow(row, { head, classes: LABELS.length, preprocessing });
  return {
    network,
    weights: stirred(randomWeights(network, 7)),
    labels: LABELS,
    background: '#ffffff',
    run: { name: 'photos', strategy: 'top', side: 'val', metrics: { accuracy: 0.875 } },
    provenance: { source: 'vgg11.tv_in1k', licence: 'BSD-3-Clause' },
  };
}

function stirred(weights: NamedTensors): NamedTensors {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      const rng = createRng('stirred', name);
      if (name.endsWith('.running_var')) {
        return [name, { shape, data: data.map(() => 0.5 + rng.uniform()) }];
      }
      const isNorm = /^bn|norm/.test(name) && name.endsWith('.weight');
      if (isNorm) return [name, { shape, data: data.map(() => 0.8 + 0.4 * rng.uniform()) }];
      if (name === 'fc8.weight' || !name.endsWith('.weight')) {
        return [name, { shape, data: data.map(() => 0.2 * rng.normal()) }];
      }
      return [name, { shape, data }];
    }),
  );
}

/** Smooth pictures: uint8 RGB [size, size, 3] each. */
export function pictures(size: number, count: number, sides?: [number, number]): Uint8Array[] {
  const [height, width] = sides ?? [size, size];
  return Array.from({ length: count }, (_, seed) => {
    const rng = createRng('pictures', seed);
    const waves = Array.from({ length: 9 }, () => rng.uniform() * 0.3);
    return Uint8Array.from({ length: height * width * 3 }, (_value, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      const phase = (waves[c] ?? 0) * x + (waves[3 + c] ?? 0) * y + 20 * (waves[6 + c] ?? 0);
      return 128 + 110 * Math.sin(phase) + rng.integer(17);
    });
  });
}

/** What the engine of the training gives for each picture. */
export async function expectedOf(model: ExportModel, images: readonly Uint8Array[]) {
  const engine = await createOnnxEngine({ device: 'cpu', threads: 1 });
  const { network, weights } = model;
  const to = network.layers.length;
  const request = { network, weights, from: 0, to, batchSize: 1, softmax: true };
  const program = await engine.compileForward(request);
  const rows: Float32Array[] = [];
  for (const image of images) rows.push((await program.run(image, 1)).slice());
  await program.release();
  return rows;
}

import type { Emit } from '../../base/events.ts';
import { holdsAll, type NamedTensors } from '../../base/tensor.ts';
import type { Engine } from '../../engines/engine.ts';
import { openOnnxRunner } from '../../engines/onnx/session-file.ts';
import type { ExportCheck, ExportServices } from '../../export/exporter.ts';
import type { ExportModel } from '../../export/model.ts';
import { encodeOnnx } from '../../formats/onnx-proto.ts';
import { affinePreprocessing } from '../../network/preprocessing.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { calibrationImages, type RunImages } from './export-images.ts';

/** The number of training images on which 8-bit scales are measured. */
const CALIBRATION_IMAGES = 100;
const DEVICE = { device: 'cpu' };

export function exportServices(of: {
  readonly engine: Engine;
  readonly images: RunImages;
  readonly emit: Emit;
}): ExportServices {
  return {
    emit: of.emit,
    calibrationImages: () => calibrationImages(of.images, CALIBRATION_IMAGES),
    activations: (request) => activations(of.engine, request),
    async runOnnx(model, images) {
      const size = Number(model.inputs[0]?.shape[1]);
      return runOnnx(encodeOnnx(model), images, (pixels) => ({
        data: pixels,
        shape: [1, size, size, 3],
      }));
    },
  };
}

async function activations(
  engine: Engine,
  request: Parameters<ExportServices['activations']>[0],
): Promise<void> {
  const { network, weights, images, taps } = request;
  const to = network.layers.length;
  // One image at a time: every tapped layer's output is in memory at once.
  const program = await engine.compileForward({
    network,
    weights,
    taps,
    from: 0,
    to,
    batchSize: 1,
  });
  try {
    for (const image of images) {
      const values = await program.runTaps(image, 1);
      for (const [index, data] of values.entries()) request.visit(index, data);
    }
  } finally {
    await program.release();
  }
}

interface OnnxInput {
  readonly data: Uint8Array | Float32Array;
  readonly shape: readonly number[];
}

/** The probabilities of each image by a model in a file or in memory. */
async function runOnnx(
  model: string | Uint8Array,
  images: readonly Uint8Array[],
  inputOf: (pixels: Uint8Array) => OnnxInput,
): Promise<Float32Array[]> {
  const runner = await openOnnxRunner(model, DEVICE);
  const rows: Float32Array[] = [];
  try {
    for (const image of images) {
      const { data, shape } = inputOf(image);
      const output = (await runner.run(data, shape)).get('probabilities');
      if (output === undefined) throw new Error('the model has no output "probabilities"');
      rows.push(output.data);
    }
  } finally {
    await runner.release();
  }
  return rows;
}

/** Probabilities of the network itself, one row an image. */
export async function networkRows(
  engine: Engine,
  of: { readonly network: NetworkSpec; readonly weights: NamedTensors },
  images: readonly Uint8Array[],
): Promise<Float32Array[]> {
  const to = of.network.layers.length;
  const program = await engine.compileForward({ ...of, from: 0, to, batchSize: 1, softmax: true });
  try {
    const rows: Float32Array[] = [];
    for (const image of images) rows.push((await program.run(image, 1)).slice());
    return rows;
  } finally {
    await program.release();
  }
}

export interface ReadBack {
  /** The software that read the file. */
  readonly by: string;
  readonly rows: readonly Float32Array[];
}

interface ReadRequest {
  readonly folder: string;
  readonly model: ExportModel;
  readonly engine: Engine;
  readonly images: readonly Uint8Array[];
  /** The outputs of the network itself. */
  readonly expected: readonly Float32Array[];
}

/** Loads an export, by other software as far as possible, and runs it. */
export async function readBack(check: ExportCheck, of: ReadRequest): Promise<ReadBack> {
  const { folder, model, images } = of;
  const { size } = model.network.preprocessing;
  switch (check.by) {
    case 'onnxruntime': {
      const inputOf = (pixels: Uint8Array): OnnxInput =>
        check.input === 'pixels'
          ? { data: pixels, shape: [1, size, size, 3] }
          : { data: normalised(model.network, pixels), shape: [1, 3, size, size] };
      return { by: 'onnxruntime-node', rows: await runOnnx(check.file(folder), images, inputOf) };
    }
    case 'tensorflow.js':
      return readTfjs(check.file(folder), images);
    case 'tensorflow':
      return readSavedModel(check.folder(folder), images);
    case 'reader':
      return readWeights(check, of);
  }
}

async function readTfjs(file: string, images: readonly Uint8Array[]): Promise<ReadBack> {
  const { openTfjsModel } = await import('../../export/tfjs-run.ts');
  const runner = await openTfjsModel(file);
  const rows: Float32Array[] = [];
  for (const image of images) rows.push(await runner.run(image, 1));
  runner.release();
  return { by: `TensorFlow.js (${runner.backend})`, rows };
}

async function readWeights(
  check: Extract<ExportCheck, { by: 'reader' }>,
  { folder, model, engine, images, expected }: ReadRequest,
): Promise<ReadBack> {
  const weights = await check.read(folder, model);
  // The same weights give the same outputs, so that a second network of 138 M parameters is not needed.
  if (holdsAll(weights, model.weights)) {
    return { by: 'vggtune, every weight bit for bit', rows: expected };
  }
  const rows = await networkRows(engine, { network: model.network, weights }, images);
  return { by: 'vggtune, from the file', rows };
}

/** Reads a SavedModel with TensorFlow itself where a package has it, else with TensorFlow.js. */
async function readSavedModel(folder: string, images: readonly Uint8Array[]): Promise<ReadBack> {
  const { openSavedModel } = await import('../../engines/tensorflow/saved-model.ts');
  const native = await openSavedModel(folder);
  const rows: Float32Array[] = [];
  if (native !== undefined) {
    for (const image of images) rows.push(await native.run(image));
    native.release();
    return { by: `TensorFlow (${native.by})`, rows };
  }
  const { openSavedModelGraph } = await import('../../export/tfjs-graph.ts');
  const runner = await openSavedModelGraph(folder);
  for (const image of images) rows.push(await runner.run(image, 1));
  runner.release();
  return { by: `TensorFlow.js (${runner.backend}), from its graph`, rows };
}

/** The preprocessing that users of a model without it apply to pixels: float32 [3, size, size]. */
function normalised({ preprocessing }: NetworkSpec, pixels: Uint8Array): Float32Array {
  const { factor, shift } = affinePreprocessing(preprocessing);
  const area = pixels.length / 3;
  const planes = new Float32Array(pixels.length);
  for (let channel = 0; channel < 3; channel++) {
    const from = preprocessing.channels === 'rgb' ? channel : 2 - channel;
    const [scale = 1, offset = 0] = [factor[channel], shift[channel]];
    for (let at = 0; at < area; at++) {
      planes[channel * area + at] = (pixels[at * 3 + from] ?? 0) * scale + offset;
    }
  }
  return planes;
}

import { interruptedError, usageError } from '../base/errors.ts';
import { decodeWhole } from '../dataset/decode.ts';
import { BadImage, reasonOf } from '../dataset/decode-errors.ts';
import { printablePath } from '../dataset/file-names.ts';
import type { Picture } from '../dataset/resample.ts';
import { writePng } from '../dataset/write-image.ts';
import { type OnnxOutput, type OnnxRunner, openOnnxRunner } from '../engines/onnx/session-file.ts';
import { overlayHeat } from '../evaluation/heat-map.ts';
import { heatMapPaths } from '../evaluation/heat-map-names.ts';
import { denseModel } from '../export/onnx-dense.ts';
import { encodeOnnx } from '../formats/onnx-proto.ts';
import { type DenseForm, denseForm } from '../network/dense-to-conv.ts';
import { MOST_PIXELS, probabilityGrid, shorterSide } from './heat/dense-views.ts';
import { refuseForeignPictures } from './heat/own-heat-maps.ts';
import {
  guessesOf,
  inputFiles,
  type Prediction,
  type PredictRequest,
  someReadable,
} from './predict.ts';
import { loadModel, type TrainedModel } from './prepare/trained-model.ts';

export interface DensePredictRequest extends PredictRequest {
  /** Sizes of the image, as factors of the one that the network was trained on. */
  readonly scales?: readonly number[];
  /** A folder for heat maps, one for each image, which show where its class was found. */
  readonly heatMaps?: string;
}

/**
 * The default scales, close to the paper's: an image below the training size would not hold a window, so they
 * go upward.
 */
const SCALES = [1, 1.25, 1.5];

/**
 * Names the class of images by the fully convolutional form (Simonyan and Zisserman 2014, sections
 * 3.2 and 4.3): the whole image at several sizes, and its mirror image; of each the class scores are
 * averaged over all windows, and the softmaxes of these averages over sizes and mirror images.
 *
 * @throws VggtuneError when an input matches nothing, no file can be read, or there is no model
 */
export async function predictDense(request: DensePredictRequest): Promise<readonly Prediction[]> {
  const { scales = SCALES, emit, signal } = request;
  const files = await inputFiles(request.inputs);
  const { heatMaps } = request;
  const targets = heatMaps === undefined ? undefined : heatMapPaths(heatMaps, files);
  if (targets !== undefined) await refuseForeignPictures(targets.values());
  const model = await loadModel(request.run);
  const form = denseForm(model.network, model.weights);
  expectScales(scales, { form, model });
  emit({ type: 'note', message: `dense: ${form.method}` });
  const runner = await openOnnxRunner(encodeOnnx(denseModel(model.network, form)), {
    device: 'cpu',
  });
  const predictions: Prediction[] = [];
  try {
    for (const file of files) {
      if (signal.aborted) throw interruptedError('interrupted while images were classified');
      predictions.push(
        await predictOne(file, {
          request,
          model,
          form,
          runner,
          scales,
          target: targets?.get(file),
        }),
      );
      const done = predictions.length;
      emit({ type: 'progress', task: 'predict', done, total: files.length, unit: 'images' });
    }
  } finally {
    await runner.release();
  }
  return someReadable(predictions);
}

interface Context {
  readonly request: DensePredictRequest;
  readonly model: TrainedModel;
  readonly form: DenseForm;
  readonly runner: OnnxRunner;
  readonly scales: readonly number[];
  /** The path of the heat map, if one is requested. */
  readonly target: string | undefined;
}

async function predictOne(file: string, context: Context): Promise<Prediction> {
  const { model, request, scales, target } = context;
  const path = printablePath(file);
  const views: View[] = [];
  try {
    for (const scale of scales) {
      const shorter = Math.round(shorterSide(model) * scale);
      const { background } = model.decode;
      const picture = await decodeWhole(file, { shorter, background, maxScaled: MOST_PIXELS });
      views.push(await runView(picture, context), await runView(mirrored(picture), context));
    }
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    return { path, error: reasonOf(error) };
  }
  const probabilities = averageOf(views.map((view) => view.probabilities));
  // The mirror image of the last size is the last view.
  const largest = views.at(-2);
  if (target !== undefined && largest !== undefined) {
    await writePng(target, heatMap(largest, topOf(probabilities), context.form));
    request.emit({ type: 'file', path: target, what: 'where the class was seen' });
  }
  return { path, guesses: guessesOf(probabilities, model, request) };
}

interface View {
  readonly picture: Picture;
  readonly probabilities: Float32Array;
  /** [1, classes, rows, columns] */
  readonly scores: OnnxOutput;
}

async function runView(picture: Picture, { runner }: Context): Promise<View> {
  const { pixels, width, height } = picture;
  const outputs = await runner.run(pixels, [1, height, width, 3]);
  const probabilities = outputs.get('probabilities')?.data;
  const scores = outputs.get('score_map');
  if (probabilities === undefined || scores === undefined) throw new Error('the model has no map');
  return { picture, probabilities, scores };
}

/** Mirrors an image horizontally. */
export function mirrored({ pixels, width, height }: Picture): Picture {
  const out = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      out.set(pixels.subarray(from, from + 3), (y * width + width - 1 - x) * 3);
    }
  }
  return { pixels: out, width, height };
}

/** The probability of one class in every window, as an overlay on the image. */
function heatMap({ picture, scores }: View, label: number, form: DenseForm): Picture {
  const place = { first: (form.window * form.stride) / 2, step: form.stride };
  return overlayHeat(picture, probabilityGrid(scores, label), place);
}

function averageOf(rows: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array()] = rows;
  return first.map((_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length);
}

function topOf(probabilities: Float32Array): number {
  return probabilities.indexOf(Math.max(...probabilities));
}

function expectScales(
  scales: readonly number[],
  { form, model }: { readonly form: DenseForm; readonly model: TrainedModel },
): void {
  const least = form.smallest / shorterSide(model);
  const bad = scales.find((scale) => !(scale >= least && scale <= 8));
  if (scales.length > 0 && bad === undefined) return;
  throw usageError('a scale of --scales is not possible', {
    expected: `numbers from ${Number(least.toFixed(3))} (the network needs ${form.smallest} pixels) to 8`,
    found: scales.length === 0 ? 'none' : String(bad),
    where: '--scales',
    fix: `leave --scales out for ${SCALES.join(', ')}`,
  });
}

import { VggtuneError } from '../../base/errors.ts';
import { decodeWhole } from '../../dataset/decode.ts';
import { webImage } from '../../dataset/web-thumbnail.ts';
import { type OnnxRunner, openOnnxRunner } from '../../engines/onnx/session-file.ts';
import { overlayHeat } from '../../evaluation/heat-map.ts';
import { denseModel } from '../../export/onnx-dense.ts';
import { encodeOnnx } from '../../formats/onnx-proto.ts';
import { type DenseForm, denseForm } from '../../network/dense-to-conv.ts';
import { OUTPUT } from '../../network/head.ts';
import type { ReportedRun } from '../../report/read-run.ts';
import { openRunImages, type ReadRunImage } from '../../report/run-images.ts';
import { THUMBNAIL_SIDE } from '../../report/thumbnails.ts';
import type { ImagePrediction } from '../../run/record.ts';
import { loadModel, type TrainedModel } from '../prepare/trained-model.ts';
import { largestView, scoreGrid } from './dense-views.ts';

export interface HeatMapRequest {
  readonly run: ReportedRun;
  /** The images, each with the answer that is to be explained. */
  readonly images: readonly ImagePrediction[];
  readonly cache: string;
  readonly signal: AbortSignal;
  /** When to stop, in the milliseconds of `performance.now()`. */
  readonly until: number;
}

/**
 * Where the predicted class of some images was seen, as WebP by the path of the image. Where the head is linear it is
 * the class activation map (Zhou et al. 2016), which is exact: the logit is its average and the bias. Elsewhere it is
 * the probability of the class in each window of the fully convolutional form.
 * @returns none for images that cannot be read, and none at all where there is no model, or it has no such form
 */
export async function worstHeatMaps(request: HeatMapRequest): Promise<ReadonlyMap<string, Buffer>> {
  const { run, images, cache } = request;
  const made = new Map<string, Buffer>();
  if (run.config === undefined || images.length === 0) return made;
  const opened = await openForm(run.folder);
  if (opened === undefined) return made;
  const { model, form } = opened;
  const runner = await openOnnxRunner(encodeOnnx(denseModel(model.network, form)), {
    device: 'cpu',
  });
  const readImage = await openRunImages(run, cache);
  try {
    for (const image of images) {
      if (request.signal.aborted || performance.now() >= request.until) break;
      const map = await heatMapOf(image, { model, form, runner, readImage });
      if (map !== undefined) made.set(image.path, map);
    }
  } finally {
    await runner.release();
  }
  return made;
}

interface Opened {
  readonly model: TrainedModel;
  readonly form: DenseForm;
}

/** A run that was interrupted has no model, and a network of some image sizes has no such form. */
async function openForm(folder: string): Promise<Opened | undefined> {
  try {
    const model = await loadModel(folder);
    return { model, form: denseForm(model.network, model.weights) };
  } catch (error) {
    if (error instanceof VggtuneError) return undefined;
    throw error;
  }
}

async function heatMapOf(
  { path, guesses }: ImagePrediction,
  of: Opened & { readonly runner: OnnxRunner; readonly readImage: ReadRunImage },
): Promise<Buffer | undefined> {
  const { model, form, runner, readImage } = of;
  const label = model.description.labels.indexOf(guesses[0]?.label ?? '');
  const found = await readImage(path);
  if (label === -1 || 'reason' in found) return undefined;
  try {
    const picture = await decodeWhole(found.bytes, largestView(model, form));
    const { pixels, width, height } = picture;
    const scores = (await runner.run(pixels, [1, height, width, 3])).get('score_map');
    if (scores === undefined) return undefined;
    const bias = form.weights.get(`${OUTPUT}.bias`)?.data[label] ?? 0;
    const grid = scoreGrid(scores, { label, form, bias });
    const place = { first: (form.window * form.stride) / 2, step: form.stride };
    return await webImage(overlayHeat(picture, grid, place), THUMBNAIL_SIDE);
  } catch (error) {
    if (error instanceof VggtuneError) return undefined;
    throw error;
  }
}

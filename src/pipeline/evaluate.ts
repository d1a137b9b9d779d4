import type { Emit } from '../base/events.ts';
import type { RunConfig } from '../config/schema.ts';
import { Settings } from '../config/settings.ts';
import { augmentSpec } from '../dataset/pixel-specs.ts';
import type { ImageEntry, Side } from '../dataset/types.ts';
import { imagePredictions } from '../evaluation/image-predictions.ts';
import { metricsRecord } from '../evaluation/metrics-record.ts';
import { scoreBatches } from '../evaluation/score.ts';
import type { Scored } from '../metrics/scores.ts';
import type { ImagePrediction, MetricsRecord } from '../run/record.ts';
import {
  readConfig,
  readMetrics,
  readRecord,
  writePredictions,
  writeRecord,
} from '../run/run-records.ts';
import { runPaths } from '../run/store.ts';
import { requireImages } from '../training/lost-images.ts';
import { createPixelReader } from '../training/pixel-reader.ts';
import { type Images, imagesOf, ownSide } from './prepare/evaluation-images.ts';
import { prefixBatch } from './prepare/prefix-batch.ts';
import { compileModel, loadModel, type TrainedModel } from './prepare/trained-model.ts';
import { engineOf, type WorkContext } from './prepare/work-context.ts';

export { worstFirst } from '../evaluation/image-predictions.ts';
export { predictionLines } from '../run/predictions-csv.ts';

export interface EvaluateRequest extends WorkContext {
  /** The run folder. */
  readonly run: string;
  /** Other labelled images, with the model's classes; without it the run's own split is used. */
  readonly data?: string;
  /**
   * The subset to measure on. Of the run's split it is the test images by default, or the validation images
   * where there are none; of `data` it is the subset that the layout names, by default all images.
   */
  readonly side?: Side;
  /** As `--device` names it; by default that of the run's config. */
  readonly device?: string;
}

/**
 * Metrics, and the images on which they were measured: those of a subset of the run, or those of a folder.
 */
export type Evaluation = Omit<MetricsRecord, 'side'> & {
  readonly side?: Side;
  /** Where the images are not the run's own. */
  readonly data?: string;
  /** What the network said of each image, in the order in which they were measured. */
  readonly predictions: readonly ImagePrediction[];
};

/**
 * Measures a trained model, and writes metrics.json and predictions.csv when the images are those that they are about.
 * @throws VggtuneError when there is no such run, side, class or image
 */
export async function evaluateRun(request: EvaluateRequest): Promise<Evaluation> {
  const config = await storedConfig(request.run);
  const model = await loadModel(request.run);
  const images = await imagesOf(request, { config, classes: model.description.labels });
  const scored = await scoreImages(request, { config, model, images });
  const classes = model.description.labels;
  const predictions = imagePredictions(scored, classes);
  if (images.data === undefined) {
    const record = metricsRecord(scored, { side: images.side, classes });
    await keepRecord(request.run, record, predictions);
    return { ...record, predictions };
  }
  const { side: _, ...record } = metricsRecord(scored, { side: 'test', classes });
  const { data, side } = images;
  return { ...record, data, predictions, ...(side !== undefined && { side }) };
}

interface Work {
  readonly config: RunConfig;
  readonly model: TrainedModel;
  readonly images: Images;
}

/** @throws VggtuneError (data) when too many of the images cannot be read */
async function scoreImages(
  request: EvaluateRequest,
  work: Work,
): Promise<Scored & { readonly images: readonly ImageEntry[] }> {
  const { emit, signal, device } = request;
  const { config, model, images } = work;
  const engine = await engineOf(
    request,
    device === undefined ? config : { engine: 'auto', device },
  );
  const batchSize = prefixBatch(model.network);
  const view = { kind: 'plain' as const };
  const requests = images.entries.map((image) => ({ image, view }));
  const batches = pixelReader(work, emit)(requests, batchSize);
  const program = await compileModel(engine, model, batchSize);
  const options = { task: 'evaluate', total: requests.length, emit, signal } as const;
  const rows: Float32Array[] = [];
  const read: ImageEntry[] = [];
  try {
    for await (const row of scoreBatches(program, batches, options)) {
      rows.push(row.probabilities);
      read.push(images.entries[row.position] as ImageEntry);
    }
  } finally {
    await program.release();
  }
  requireImages(rows.length, 'to measure the network on');
  const classes = model.description.labels.length;
  const labels = read.map(({ label }) => label);
  return { scores: joined(rows, classes), classes, labels, images: read };
}

function pixelReader({ config, model, images }: Work, emit: Emit) {
  return createPixelReader({
    root: images.root,
    spec: model.decode,
    augment: augmentSpec(config),
    seed: config.seed,
    maxPixels: config.image.maxPixels,
    onBad: config.image.onBad,
    emit,
  });
}

async function storedConfig(run: string): Promise<RunConfig> {
  const paths = runPaths(run);
  return Settings.stored(paths.config, await readConfig(paths)).for('head');
}

/**
 * Writes metrics.json, and predictions.csv beside it, if the record is about its subset: runs are ranked and gates
 * judged by it, so that metrics of another subset never take its place.
 */
async function keepRecord(
  run: string,
  record: MetricsRecord,
  predictions: readonly ImagePrediction[],
): Promise<void> {
  const paths = runPaths(run);
  const split = await readRecord(paths, 'split');
  const written = await readMetrics(paths);
  // Figures of before a refit are of images that the network has since been trained on.
  if (written?.beforeRefit === true) return;
  if (record.side === (written?.side ?? ownSide(split))) {
    await writePredictions(paths, predictions);
    await writeRecord(paths, 'metrics', record);
  }
}

function joined(rows: readonly Float32Array[], classes: number): Float32Array {
  const all = new Float32Array(rows.length * classes);
  for (const [i, row] of rows.entries()) all.set(row, i * classes);
  return all;
}

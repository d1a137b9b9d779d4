import { join } from 'node:path';
import { dataError, usageError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import { scanDataset } from '../dataset/scan.ts';
import type { ImageEntry, Side } from '../dataset/types.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { metricsRecord } from '../evaluation/evaluate.ts';
import { scoreBatches } from '../evaluation/score.ts';
import type { MetricsRecord } from '../run/record.ts';
import { readConfig, readRecord, runPaths, writeRecord } from '../run/store.ts';
import { requireImages } from '../training/lost-images.ts';
import { createPixelReader } from '../training/pixels.ts';
import { compileModel, loadModel, type TrainedModel } from './model.ts';
import { augmentSpec, prefixBatch } from './phase-sources.ts';

export interface EvaluateRequest {
  /** The run folder. */
  readonly run: string;
  /** Other labelled images, with the model's classes; without it the run's own split is used. */
  readonly data?: string;
  /** Of the run's split; the test side by default, or validation where there is none. */
  readonly side?: Side;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly engine?: Engine;
}

/**
 * Measures a trained model, and writes metrics.json when the images are the run's own.
 * @throws VggtuneError when there is no such run, side, class or image
 */
export async function evaluateRun(request: EvaluateRequest): Promise<MetricsRecord> {
  const { emit, signal } = request;
  const config = await storedConfig(request.run);
  const model = await loadModel(request.run);
  const images = await imagesOf(request, { config, model });
  const engine = request.engine ?? (await openEngine(config.engine, config.device, { emit }));
  const batchSize = prefixBatch(model.network);
  const read = createPixelReader({
    root: images.root,
    spec: model.decode,
    augment: augmentSpec(config),
    seed: config.seed,
    maxPixels: config.image.maxPixels,
    onBad: config.image.onBad,
    emit,
  });
  const program = await compileModel(engine, model, batchSize);
  try {
    const view = { kind: 'plain' as const };
    const batches = read(
      images.entries.map((image) => ({ image, view })),
      batchSize,
    );
    const total = images.entries.length;
    const rows: Float32Array[] = [];
    const labels: number[] = [];
    for await (const row of scoreBatches(program, batches, {
      task: 'evaluate',
      total,
      emit,
      signal,
    })) {
      rows.push(row.probabilities);
      labels.push(images.entries[row.position]?.label ?? 0);
    }
    requireImages(rows.length, 'to measure the network on');
    const classes = model.description.labels;
    const scores = joined(rows, classes.length);
    const scored = { scores, classes: classes.length, labels };
    const record = metricsRecord(scored, { side: images.side, classes });
    if (request.data === undefined) await writeRecord(runPaths(request.run), 'metrics', record);
    return record;
  } finally {
    await program.release();
  }
}

async function storedConfig(run: string): Promise<RunConfig> {
  const paths = runPaths(run);
  const values = (await readConfig(paths)) as Record<string, unknown>;
  return resolveConfig([{ origin: paths.config, values }], 'head');
}

interface Images {
  readonly root: string;
  readonly side: Side;
  readonly entries: readonly ImageEntry[];
}

async function imagesOf(
  request: EvaluateRequest,
  { config, model }: { readonly config: RunConfig; readonly model: TrainedModel },
): Promise<Images> {
  const { emit, signal } = request;
  const { onBad, maxPixels } = config.image;
  const classes = model.description.labels;
  const options = { emit, signal, onBad, maxPixels, classes };
  if (request.data !== undefined) {
    const index = await scanDataset(request.data, { ...options, verify: false });
    const named = index.images.filter((image) => image.side === request.side);
    const entries = request.side === undefined ? index.images : named;
    return { root: index.root, side: request.side ?? 'test', entries };
  }
  const index = await scanDataset(config.data, { ...options, verify: false });
  return { root: index.root, ...(await splitSide(request, index.images)) };
}

/** The images of a side as split.json has them: by content, wherever they lie now. */
async function splitSide(request: EvaluateRequest, present: readonly ImageEntry[]) {
  const split = await readRecord(runPaths(request.run), 'split');
  const side = request.side ?? (split.test.length > 0 ? 'test' : 'val');
  if (split[side].length === 0) {
    throw usageError(`the run has no images on its ${side} side`, {
      expected: `a side with images: ${(['train', 'val', 'test'] as const).filter((name) => split[name].length > 0).join(', ')}`,
      where: join(request.run, 'split.json'),
      fix: 'name another --side, or other images with --data',
    });
  }
  const byPath = new Map(present.map((image) => [image.path, image]));
  const gone = split[side].filter(({ path, hash }) => byPath.get(path)?.hash !== hash);
  if (gone.length > 0) {
    throw dataError(`${gone.length} images of the ${side} side are gone or have changed`, {
      expected: `the ${split[side].length} images of split.json`,
      found: gone
        .slice(0, 5)
        .map(({ path }) => path)
        .join(', '),
      where: request.run,
      fix: 'put them back, or name labelled images with --data',
    });
  }
  return { side, entries: split[side] };
}

function joined(rows: readonly Float32Array[], classes: number): Float32Array {
  const all = new Float32Array(rows.length * classes);
  for (const [i, row] of rows.entries()) all.set(row, i * classes);
  return all;
}

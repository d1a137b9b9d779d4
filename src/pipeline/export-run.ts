import type { Emit } from '../base/events.ts';
import { decodeBatches } from '../dataset/batches.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { readConfig, readRecord, runPaths } from '../run/store.ts';
import { type ExportCheck, type ExportFormat, exportModel } from './export.ts';
import { loadModel, type TrainedModel } from './model.ts';
import { prefixBatch } from './phase-sources.ts';

export interface ExportRunRequest {
  /** The run folder. */
  readonly run: string;
  readonly formats: readonly ExportFormat[];
  /** Another folder than the run's `model`. */
  readonly out?: string;
  readonly emit: Emit;
  readonly engine?: Engine;
}

/**
 * Exports the trained model of a run again, checked on validation images of the run where they are
 * still there.
 * @returns the paths
 */
export async function exportRun(request: ExportRunRequest): Promise<readonly string[]> {
  const { run, formats, emit } = request;
  const model = await loadModel(run);
  const engine = request.engine ?? (await openEngine('auto', 'cpu'));
  const folder = request.out ?? runPaths(run).model;
  return exportModel({
    model,
    formats,
    folder,
    check: await checkImages(run, model),
    engine,
    emit,
  });
}

async function checkImages(run: string, model: TrainedModel): Promise<ExportCheck> {
  const paths = runPaths(run);
  const { data } = (await readConfig(paths)) as { readonly data: string };
  const split = await readRecord(paths, 'split');
  const images = [...split.val, ...split.test, ...split.train];
  const batchSize = Math.min(images.length, prefixBatch(model.network), 8);
  const request = { root: data, images: images.slice(0, batchSize), batchSize };
  for await (const { pixels, bad } of decodeBatches({ ...request, spec: model.decode })) {
    if (bad.length === 0) return { pixels, count: batchSize };
  }
  return greyImage(model);
}

/** Where the images are gone: a grey picture still tells one network from another. */
export function greyImage({ decode }: Pick<TrainedModel, 'decode'>): ExportCheck {
  return { pixels: new Uint8Array(decode.size ** 2 * 3).fill(128), count: 1 };
}

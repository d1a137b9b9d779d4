import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { dataError, usageError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import { refuseTaken, writeFolderAtomic } from '../../base/fresh-folder.ts';
import type { ExportFormat } from '../../config/names.ts';
import { dataRoot } from '../../dataset/data-root.ts';
import type { Engine } from '../../engines/engine.ts';
import { openEngine } from '../../engines/index.ts';
import { compareExport, expectFaithful, type Verification } from '../../export/compare.ts';
import type { Exactness, Exporter } from '../../export/exporter.ts';
import { toMetadata } from '../../export/metadata.ts';
import type { ExportModel } from '../../export/model.ts';
import type { Quantization } from '../../formats/tfjs-layers.ts';
import type { MetricsRecord, PlanRecord } from '../../run/record.ts';
import { readConfig, readMetrics, readRecord } from '../../run/run-records.ts';
import { runPaths } from '../../run/store.ts';
import { loadModel, type TrainedModel } from '../prepare/trained-model.ts';
import { EXPORTERS, refuseFormats } from './export-formats.ts';
import { checkImages, type LabelledPixels, type RunImages } from './export-images.ts';
import { exportServices, networkRows, readBack } from './export-services.ts';

export interface ExportedFolder {
  readonly format: ExportFormat;
  readonly folder: string;
  readonly verification: Verification;
}

export interface ExportRunRequest {
  /** The run folder. */
  readonly run: string;
  readonly formats: readonly ExportFormat[];
  /**
   * The folder of the export; with several formats, a folder with one for each. By default each has
   * a folder of its own in the run's `model`.
   */
  readonly out?: string;
  /** Where the run's images are now, if they have moved. */
  readonly data?: string;
  /** The cache folder, for images in an archive. */
  readonly cache?: string;
  /** Fewer bits for the kernels of `tfjs` and `web`. */
  readonly quantize?: Quantization;
  readonly overwrite?: boolean;
  readonly emit: Emit;
  readonly engine?: Engine;
  /** Where the network's own answers are computed, as `--device` names it; the CPU by default. */
  readonly device?: string;
}

/**
 * Writes the trained model of a run in some formats, each a folder with its labels, card and README.
 * Each is loaded again, by other software where there is any, and compared with the trained network
 * on images that it was not trained on; one that differs is not left behind.
 * @throws VggtuneError (usage) when the run is not finished or a folder is there already, (data) when
 *   an export differs or the disk is full
 */
export async function exportRun(request: ExportRunRequest): Promise<readonly ExportedFolder[]> {
  const { quantize = 'none', emit } = request;
  const exporters = await chosen(request.formats, quantize);
  await refuseFormats(exporters.map(({ format }) => format));
  const overwrite = request.overwrite === true;
  for (const { format } of exporters) await refuseTaken(folderOf(request, format), { overwrite });
  const job = await openJob(request);
  const results: ExportedFolder[] = [];
  for (const { format, exporter } of exporters) {
    const folder = folderOf(request, format);
    emit({ type: 'stage', stage: 'export', message: `writing the model as ${format}` });
    const verification = await writeFolderAtomic(
      folder,
      (temporary) => exportInto(temporary, { job, format, exporter, quantize }),
      { overwrite },
    );
    emit({ type: 'file', path: folder, what: `the model as ${format}` });
    results.push({ format, folder, verification });
  }
  return results;
}

async function chosen(formats: readonly ExportFormat[], quantize: Quantization) {
  const exporters: { format: ExportFormat; exporter: Exporter }[] = [];
  for (const format of new Set(formats)) {
    const open = Object.hasOwn(EXPORTERS, format) ? EXPORTERS[format] : undefined;
    if (open === undefined) throw unknownFormat(format);
    exporters.push({ format, exporter: await open() });
  }
  const rigid = exporters.find(({ exporter }) => exporter.quantizes !== true);
  if (quantize !== 'none' && rigid !== undefined) throw notQuantized(rigid.format);
  return exporters;
}

function unknownFormat(format: string): Error {
  return usageError(`there is no export format "${format}"`, {
    expected: Object.keys(EXPORTERS).join(', '),
    found: format,
    where: '--format',
    fix: 'name one of them',
  });
}

function notQuantized(format: string): Error {
  return usageError(`${format} has no quantized weights`, {
    expected: 'tfjs or web with --quantize',
    found: format,
    where: '--quantize',
    fix: 'leave --quantize out; the 8-bit form for ONNX is the format onnx-int8',
  });
}

function folderOf({ run, out, formats }: ExportRunRequest, format: ExportFormat): string {
  if (out === undefined) return join(runPaths(run).model, format);
  return new Set(formats).size === 1 ? resolve(out) : join(resolve(out), format);
}

/** The parts that all formats of one export share. */
interface Job {
  readonly trained: TrainedModel;
  readonly model: ExportModel;
  readonly images: RunImages;
  readonly engine: Engine;
  readonly emit: Emit;
}

async function openJob(request: ExportRunRequest): Promise<Job> {
  const { run, emit } = request;
  const trained = await loadModel(run);
  const paths = runPaths(run);
  const [config, split, plan] = await Promise.all([
    readConfig(paths),
    readRecord(paths, 'split'),
    readRecord(paths, 'plan'),
  ]);
  const metrics = await readMetrics(paths);
  const root = await dataRoot(request.data ?? dataOf(config, paths.config), request.cache);
  return {
    trained,
    model: exportModelOf(basename(paths.folder), { trained, plan, metrics }),
    images: { root, split, spec: trained.decode, emit },
    engine: request.engine ?? (await openEngine('auto', request.device ?? 'cpu')),
    emit,
  };
}

function dataOf(config: unknown, where: string): string {
  const data = typeof config === 'object' && config !== null && 'data' in config && config.data;
  if (typeof data === 'string') return data;
  throw dataError(`${where} does not say where the images are`, {
    expected: '`data: FOLDER`',
    where,
    fix: 'name their folder with --data',
  });
}

function exportModelOf(
  name: string,
  of: {
    readonly trained: TrainedModel;
    readonly plan: PlanRecord;
    readonly metrics: MetricsRecord | undefined;
  },
): ExportModel {
  const { trained, plan, metrics } = of;
  const { network, weights, description } = trained;
  return {
    network,
    weights,
    labels: description.labels,
    background: description.background,
    run: {
      name,
      strategy: plan.strategy,
      side: metrics?.side ?? 'val',
      metrics: metrics?.metrics ?? {},
    },
    provenance: plan.provenance ?? {},
  };
}

interface Task {
  readonly job: Job;
  readonly format: ExportFormat;
  readonly exporter: Exporter;
  readonly quantize: Quantization;
}

async function exportInto(folder: string, task: Task): Promise<Verification> {
  const { job, exporter, quantize, format } = task;
  const { model, emit } = job;
  const exported = await exporter.write({
    model,
    folder,
    quantize,
    description: toMetadata(job.trained.description),
    services: exportServices(job),
  });
  for (const message of exported.notes ?? []) emit({ type: 'note', message });
  const images = await checkImages(job.images, checkCount(task));
  const verification = await verify(folder, { task, images });
  expectFaithful(format, verification);
  const json = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`;
  await writeFile(join(folder, 'labels.json'), json(model.labels));
  await writeFile(join(folder, 'model-card.json'), json(exported.card));
  await writeFile(join(folder, 'verification.json'), json(verification));
  await writeFile(join(folder, 'README.md'), exported.readme);
  return verification;
}

async function verify(
  folder: string,
  { task, images }: { readonly task: Task; readonly images: readonly LabelledPixels[] },
): Promise<Verification> {
  const { job, exporter } = task;
  const pixels = images.map((image) => image.pixels);
  const expected = await networkRows(job.engine, job.model, pixels);
  const { by, rows } = await readBack(exporter.check, { ...job, folder, images: pixels, expected });
  return compareExport({
    readBy: by,
    exactness: exactnessOf(task),
    expected,
    found: rows,
    labels: images.map(({ label }) => label),
  });
}

function exactnessOf({ exporter, quantize }: Task): Exactness {
  const quantized = { none: 'float', float16: 'half', uint8: 'byte' } as const;
  return exporter.exactness ?? quantized[quantize];
}

/**
 * The number of images for the check: ten show that float outputs are equal; the accuracy of an 8-bit form
 * takes more.
 */
function checkCount(task: Task): number {
  if (exactnessOf(task) !== 'byte') return 10;
  return task.exporter.check.by === 'onnxruntime' ? 500 : 50;
}

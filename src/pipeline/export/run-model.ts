import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Emit } from '../../base/events.ts';
import { holdsAll } from '../../base/tensor.ts';
import type { Engine } from '../../engines/engine.ts';
import { compareExport, expectFaithful, rowsOf } from '../../export/compare.ts';
import { exportOnnx } from '../../export/onnx.ts';
import { exportSafetensors } from '../../export/safetensors.ts';
import { compileModel, loadModel, type TrainedModel } from '../prepare/trained-model.ts';

/** The forms that are one file; every form as a folder is in `export-run.ts`. */
export type FileFormat = 'onnx' | 'safetensors';

/** Images on which an export must reproduce the probabilities. */
export interface ExportCheck {
  /** uint8 RGB [count, size, size, 3] */
  readonly pixels: Uint8Array;
  readonly count: number;
}

export interface ExportRequest {
  readonly model: TrainedModel;
  readonly formats: readonly FileFormat[];
  /** The folder for the files, named `model` with the format's ending. */
  readonly folder: string;
  /** Loads the check on demand. */
  readonly check: () => Promise<ExportCheck>;
  readonly engine: Engine;
  readonly emit: Emit;
}

/**
 * Writes a model in some formats. Each file is opened again and must hold the same weights bit for
 * bit, or give the trained network's probabilities on the images of the check.
 * @returns the paths
 * @throws VggtuneError (data) when a file gives something else; it is removed
 */
export async function exportModel(request: ExportRequest): Promise<readonly string[]> {
  const { model, formats, emit } = request;
  const paths: string[] = [];
  for (const format of formats) {
    const path = join(request.folder, `model.${format}`);
    await write[format](path, model);
    // The same weights give the same answers: two networks are spared, which a sweep is glad of.
    const same = format === 'safetensors' && (await holdsModel(path, model));
    if (!same) await compare(path, { format, request });
    emit({ type: 'file', path, what: `the model as ${format}` });
    paths.push(path);
  }
  return paths;
}

async function holdsModel(path: string, { description, weights }: TrainedModel): Promise<boolean> {
  const found = await loadModel(path);
  return isDeepStrictEqual(found.description, description) && holdsAll(found.weights, weights);
}

async function compare(
  path: string,
  { format, request }: { readonly format: FileFormat; readonly request: ExportRequest },
): Promise<void> {
  const { engine, model } = request;
  const check = await request.check();
  const program = await compileModel(engine, model, check.count);
  const expected = (await program.run(check.pixels, check.count)).slice();
  await program.release();
  const reloaded = await reload[format](path, { engine, check });
  const { classes } = model.network;
  const verification = compareExport({
    readBy: format === 'onnx' ? 'ONNX Runtime' : 'vggtune',
    exactness: 'float',
    expected: rowsOf(expected, classes),
    found: rowsOf(reloaded, classes),
    labels: [],
  });
  try {
    expectFaithful(format, verification);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

const write = {
  onnx: exportOnnx,
  safetensors: exportSafetensors,
} satisfies Record<FileFormat, (path: string, model: TrainedModel) => Promise<void>>;

interface Reloading {
  readonly engine: Engine;
  readonly check: ExportCheck;
}

const reload = {
  onnx: async (path, { check }) => {
    const { openModelFile } = await import('../../engines/onnx/open-model.ts');
    const opened = await openModelFile(path, { device: 'cpu' });
    const probabilities = await opened.run(check.pixels, check.count);
    await opened.release();
    return probabilities;
  },
  safetensors: async (path, { engine, check }) => {
    const program = await compileModel(engine, await loadModel(path), check.count);
    const probabilities = (await program.run(check.pixels, check.count)).slice();
    await program.release();
    return probabilities;
  },
} satisfies Record<FileFormat, (path: string, from: Reloading) => Promise<Float32Array>>;

import { join } from 'node:path';
import type { Emit } from '../base/events.ts';
import type { Engine } from '../engines/engine.ts';
import { exportOnnx } from '../export/onnx.ts';
import { exportSafetensors } from '../export/safetensors.ts';
import { verifyExport } from '../export/verify.ts';
import { compileModel, loadModel, type TrainedModel } from './model.ts';

/** The forms that are one file; every form as a folder is in `export-run.ts`. */
export type FileFormat = 'onnx' | 'safetensors';

/** Images whose probabilities an export must give again. */
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
  readonly check: ExportCheck;
  readonly engine: Engine;
  readonly emit: Emit;
}

/**
 * Writes a model in some formats. Each file is opened again and must give the trained network's
 * probabilities on the images of the check.
 * @returns the paths
 * @throws VggtuneError (data) when a file gives something else; it is removed
 */
export async function exportModel(request: ExportRequest): Promise<readonly string[]> {
  const { model, formats, engine, check, emit } = request;
  const program = await compileModel(engine, model, check.count);
  const expected = (await program.run(check.pixels, check.count)).slice();
  await program.release();
  const paths: string[] = [];
  for (const format of formats) {
    const path = join(request.folder, `model.${format}`);
    await write[format](path, model);
    const reloaded = await reload[format](path, request);
    await verifyExport(path, { expected, reloaded });
    emit({ type: 'file', path, what: `the model as ${format}` });
    paths.push(path);
  }
  return paths;
}

const write = {
  onnx: async (path, model) => {
    const { emitForwardModel } = await import('../engines/onnx/index.ts');
    await exportOnnx(path, model.description, (metadata) =>
      emitForwardModel({ ...model, metadata }),
    );
  },
  safetensors: exportSafetensors,
} satisfies Record<FileFormat, (path: string, model: TrainedModel) => Promise<void>>;

const reload = {
  onnx: async (path, { check }) => {
    const { openModelFile } = await import('../engines/onnx/open-model.ts');
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
} satisfies Record<FileFormat, (path: string, request: ExportRequest) => Promise<Float32Array>>;

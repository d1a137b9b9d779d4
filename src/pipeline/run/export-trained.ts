import { VggtuneError } from '../../base/errors.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import type { RunPaths } from '../../run/store.ts';
import { exportRun } from '../export/export-run.ts';
import { exportModel, type FileFormat } from '../export/run-model.ts';
import { prefixBatch } from '../prepare/prefix-batch.ts';
import type { SampleSetting } from '../prepare/sample-setting.ts';
import { plainRows } from '../prepare/samples.ts';
import type { TrainedModel } from '../prepare/trained-model.ts';

/** The largest number of images on which an export is checked. */
const CHECKED = 8;

/** Writes the model of a run, and the formats that its config names. */
export async function exportTrained(
  paths: RunPaths,
  { setting, model }: { readonly setting: SampleSetting; readonly model: TrainedModel },
): Promise<void> {
  const { config, engine, emit } = setting;
  const cache = setting.storage.folder;
  // The run's own model is always written: evaluate, predict and later exports read it.
  const own: FileFormat[] = config.export.includes('onnx')
    ? ['safetensors', 'onnx']
    : ['safetensors'];
  const check = () => checkImages(setting);
  await exportModel({ model, engine, formats: own, folder: paths.model, check, emit });
  const formats = config.export.filter((format) => format !== 'safetensors' && format !== 'onnx');
  if (formats.length === 0) return;
  // A run that was killed among its exports has some of them already.
  await exportRun({ run: paths.folder, formats, engine, cache, emit, overwrite: true });
}

/** Some images to check an export on; a grey one where none can be read any more. */
async function checkImages(setting: SampleSetting) {
  const found = await someImages(setting).catch((error: unknown) => {
    // The network is trained: an export is not lost for images that are gone.
    if (!(error instanceof VggtuneError && error.kind === 'data')) throw error;
  });
  // A grey picture still tells one network from another.
  const { size } = setting.network.preprocessing;
  return found ?? { pixels: new Uint8Array(size * size * 3).fill(128), count: 1 };
}

/** Some validation images, plain; training images where there are no others. */
async function someImages(setting: SampleSetting) {
  const { split, network } = setting;
  const held = [...split.val, ...split.test];
  const images: readonly ImageEntry[] = held.length > 0 ? held : split.train;
  const count = Math.min(CHECKED, prefixBatch(network), images.length);
  const rows = await plainRows(setting, images.slice(0, count), 0);
  const order = rows.labels.map((_, at) => at);
  for await (const batch of rows.batches(order, { batchSize: count, epoch: 0 })) {
    if (batch.rows instanceof Uint8Array && batch.positions.length > 0) {
      return { pixels: batch.rows, count: batch.positions.length };
    }
  }
  return undefined;
}

import type { ExportFormat } from '../../config/names.ts';
import type { Exporter } from '../../export/exporter.ts';

/** The exporter of each format, loaded when it is asked for. */
export const EXPORTERS: Readonly<Record<ExportFormat, () => Promise<Exporter>>> = {
  onnx: async () => (await import('../../export/onnx-plain.ts')).withPreprocessing,
  'onnx-plain': async () => (await import('../../export/onnx-plain.ts')).withoutPreprocessing,
  'onnx-int8': async () => (await import('../../export/onnx-int8.ts')).exporter,
  'onnx-dense': async () => (await import('../../export/onnx-dense.ts')).exporter,
  safetensors: async () => (await import('../../export/canonical.ts')).exporter,
  pytorch: async () => (await import('../../export/pytorch.ts')).exporter,
  keras: async () => (await import('../../export/keras.ts')).exporter,
  savedmodel: async () => (await import('../../export/saved-model.ts')).exporter,
  tfjs: async () => (await import('../../export/tfjs.ts')).exporter,
  web: async () => (await import('../../export/web.ts')).exporter,
};

/**
 * Refuses formats whose packages are missing: a run learns of it before it trains.
 * @throws VggtuneError (unavailable) that says what to install
 */
export async function refuseFormats(formats: readonly ExportFormat[]): Promise<void> {
  for (const format of formats) await (await EXPORTERS[format]()).refuse?.();
}

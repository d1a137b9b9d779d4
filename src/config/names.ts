/** Lists of names that help and completion show: they stand apart from the schema, so that these load no validator. */

export { BACKBONES, HEADS } from '../network/catalog.ts';

/** The presets, which a user can apply on top of the strategy's own values. */
export const PRESETS = ['quick', 'balanced', 'best'] as const;
export type PresetName = (typeof PRESETS)[number];

/** The formats of a trained model; `pipeline/export/export-formats.ts` has the exporter of each. */
export const EXPORT_FORMATS = [
  'onnx',
  'onnx-plain',
  'onnx-int8',
  'onnx-dense',
  'safetensors',
  'pytorch',
  'keras',
  'savedmodel',
  'tfjs',
  'web',
] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** How the output layer is fitted where the layers below it start trained. */
export const HEAD_FITS = ['solve', 'steps'] as const;

/** The subsets of a split. */
export const SIDES = ['train', 'val', 'test'] as const;

/** How many bits the kernels of an export for browsers take. */
export const QUANTIZATIONS = ['none', 'float16', 'uint8'] as const;

/** The shells whose Tab key can be taught our words. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What `explain` tells of a network. */
export const EXPLAIN_TOPICS = ['receptive-field', 'kernels', 'dense', 'strategies'] as const;
export type ExplainTopic = (typeof EXPLAIN_TOPICS)[number];

import { fileURLToPath } from 'node:url';

/** Pretrained weights that come with the package. */
export interface EmbeddedWeights {
  readonly path: string;
  readonly licence: string;
  /** What they were pretrained on, for people. */
  readonly data: string;
}

/** `presets/backbones/` of the package: two levels above both `src/weights` and `dist/weights`. */
const FOLDER = new URL('../../presets/backbones/', import.meta.url);

/** The weights of a backbone that are part of the package; undefined where it has none. */
export function embeddedWeights(backbone: string): EmbeddedWeights | undefined {
  if (backbone !== 'vgg-nano') return undefined;
  return {
    path: fileURLToPath(new URL('vgg-nano.safetensors', FOLDER)),
    licence: 'Apache-2.0',
    data: 'emoji, icons and drawn patterns',
  };
}

import type { RunConfig } from '../config/schema.ts';
import type { AugmentSpec, DecodeSpec } from './types.ts';

/** The part of a network that describes its preprocessing. */
interface Prepared {
  readonly preprocessing: { readonly size: number; readonly resize: number };
}

/** How pixels are made for a network. */
export function decodeSpec({ preprocessing }: Prepared, background: string): DecodeSpec {
  const { size, resize } = preprocessing;
  return { size, resize, background };
}

/** The config's augmentation as the data set takes it, without the number of views. */
export function augmentSpec({ augment }: Pick<RunConfig, 'augment'>): AugmentSpec {
  const { crop, views: _, ...rest } = augment;
  return crop === null ? rest : { crop, ...rest };
}

/** Whether training with a config sees anything but the plain images. */
export function augments(config: Pick<RunConfig, 'augment'>): boolean {
  const { crop, flip, rotate, brightness, contrast, saturation, hue } = augmentSpec(config);
  return crop !== undefined || [flip, rotate, brightness, contrast, saturation, hue].some(Boolean);
}

/** The number of augmented views of an image that are cached: 0 where training sees plain images. */
export function cachedViews(config: Pick<RunConfig, 'augment'>): number {
  return augments(config) ? config.augment.views : 0;
}

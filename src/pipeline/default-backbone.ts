import type { Emit } from '../base/events.ts';
import { type ConfigSource, provisionalStrategy, resolveConfig } from '../config/resolve.ts';
import { runConfigSchema } from '../config/schema.ts';
import { mergeSources } from '../config/sources.ts';
import type { BackboneName } from '../network/catalog.ts';
import { areWeightsAvailable } from '../weights/availability.ts';

export interface BackboneOptions {
  readonly offline?: boolean;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** What is trained where nothing is said. */
const USUAL = runConfigSchema.shape.backbone.parse(undefined);
/** Its weights are part of the package. */
const EMBEDDED = 'vgg-nano';

/** The network for settings that name none: `vgg16` where its weights can be had, else `vgg-nano`. */
export async function defaultBackbone(
  options: Pick<BackboneOptions, 'offline' | 'signal'>,
): Promise<BackboneName> {
  const there = await areWeightsAvailable(USUAL, { ...options, part: 'features' });
  return there ? USUAL : EMBEDDED;
}

/**
 * Settings with a network. Those that name one, or other weights than the pretrained ones, are left
 * as they are; so are all where the weights of the usual network can be had.
 * @throws ConfigError with everything that is wrong with them
 */
export async function withBackbone(
  sources: readonly ConfigSource[],
  { emit, ...options }: BackboneOptions,
): Promise<readonly ConfigSource[]> {
  const { backbone, weights = 'auto' } = mergeSources(sources).values;
  if (backbone !== undefined || weights !== 'auto') return sources;
  // What is wrong with the settings is told before anything is looked for.
  resolveConfig(sources, provisionalStrategy(sources));
  if ((await defaultBackbone(options)) === USUAL) return sources;
  const why = options.offline === true ? 'and nothing is to be fetched' : 'and cannot be fetched';
  emit({
    type: 'note',
    message: `network vgg-nano, which comes with vggtune: the weights of ${USUAL} are not on this machine ${why}. It takes 64x64 pixels and was pretrained on drawings: good for icons, clip art and a first look`,
  });
  return [
    { origin: `default without the weights of ${USUAL}`, values: { backbone: EMBEDDED } },
    ...sources,
  ];
}

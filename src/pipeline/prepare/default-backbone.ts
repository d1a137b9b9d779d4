import { runConfigSchema } from '../../config/schema.ts';
import type { Settings } from '../../config/settings.ts';
import type { BackboneName } from '../../network/catalog.ts';
import { areWeightsAvailable } from '../../weights/availability.ts';
import type { WorkContext } from './work-context.ts';

/** The default network. */
const USUAL = runConfigSchema.shape.backbone.parse(undefined);
/** The fallback, whose weights are part of the package. */
const EMBEDDED = 'vgg-nano';

/** The network for settings that name none: `vgg16` where its weights can be had, else `vgg-nano`. */
export async function defaultBackbone(
  context: Pick<WorkContext, 'storage' | 'offline' | 'signal'>,
): Promise<BackboneName> {
  const { storage, offline = false, signal } = context;
  const options = { storage, offline, signal, part: 'features' } as const;
  return (await areWeightsAvailable(USUAL, options)) ? USUAL : EMBEDDED;
}

/**
 * Settings with a network. Those that name one, or other weights than the pretrained ones, are left
 * as they are; so are all where the weights of the usual network can be had.
 * @throws ConfigError with everything that is wrong with them
 */
export async function withBackbone(settings: Settings, context: WorkContext): Promise<Settings> {
  const { backbone, weights = 'auto' } = settings.values;
  if (backbone !== undefined || weights !== 'auto') return settings;
  // What is wrong with the settings is told before anything is looked for.
  settings.for();
  if ((await defaultBackbone(context)) === USUAL) return settings;
  const why = context.offline === true ? 'and nothing is to be fetched' : 'and cannot be fetched';
  context.emit({
    type: 'note',
    message: `network vgg-nano, which comes with vggtune: the weights of ${USUAL} are not on this machine ${why}. It takes 64x64 pixels and was pretrained on drawings: good for icons, clip art and a first look`,
  });
  const origin = `default without the weights of ${USUAL}`;
  return settings.with({ origin, values: { backbone: EMBEDDED } }, 'below');
}

import { runConfigSchema } from '../../config/schema.ts';
import type { Settings } from '../../config/settings.ts';
import type { BackboneName } from '../../network/catalog.ts';
import { whyUnavailable } from '../../weights/availability.ts';
import type { WorkContext } from './work-context.ts';

/** The default network. */
const USUAL = runConfigSchema.shape.backbone.parse(undefined);
/** The fallback, whose weights are part of the package. */
const EMBEDDED = 'vgg-nano';

/** The code of the warning that another network than the usual one is trained. */
export const NETWORK_FALLBACK = 'network-fallback';

/** The network for settings that name none: `vgg16` where its weights can be had, else `vgg-nano`. */
export async function defaultBackbone(
  context: Pick<WorkContext, 'storage' | 'offline' | 'signal'>,
): Promise<BackboneName> {
  return (await whyNotUsual(context)) === undefined ? USUAL : EMBEDDED;
}

async function whyNotUsual(
  context: Pick<WorkContext, 'storage' | 'offline' | 'signal'>,
): Promise<string | undefined> {
  const { storage, offline = false, signal } = context;
  return whyUnavailable(USUAL, { storage, offline, signal, part: 'features' });
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
  const why = await whyNotUsual(context);
  if (why === undefined) return settings;
  context.emit({
    type: 'warning',
    code: NETWORK_FALLBACK,
    message: `network vgg-nano, which comes with vggtune: the weights of ${USUAL} are not on this machine, and ${why}. It takes 64x64 pixels and was pretrained on drawings: good for icons, clip art and a first look`,
  });
  const origin = `default without the weights of ${USUAL}`;
  return settings.with({ origin, values: { backbone: EMBEDDED } }, 'below');
}

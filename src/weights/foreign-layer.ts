import { channelsOf, type FoundNetwork } from './find-network.ts';
import { isUnder, type Module, ordersOf } from './modules.ts';

/** Numbers that are no weights: counters of batch norms, and where the random numbers of a dropout begin. */
const NO_WEIGHTS = /num_batches_tracked$|seed/i;

/**
 * What a file has among the convolutions of a VGG that a VGG has not, in words. Without it the same convolutions compute
 * something else: other norms, attention, a preprocessing as a convolution of 1x1 in front.
 * @param modules those of this network
 * @param norms those of them that are batch norms of the convolutions
 */
export function foreignLayer(
  network: FoundNetwork,
  modules: readonly Module[],
  { norms, listed }: { readonly norms: readonly Module[]; readonly listed: boolean },
): string | undefined {
  const { convolutions, prefix, layout } = network;
  const own = new Set([...convolutions, ...norms]);
  const sorted = modules.filter((module) => isUnder(module, prefix)).sort(ordersOf(listed)[0]);
  const places = convolutions.map((convolution) => sorted.indexOf(convolution));
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const inFront = sorted
    .slice(0, first)
    .find((module) => isConvolution(module) && channelsOf(module, layout).outputs === 3);
  if (inFront !== undefined) return `${described(inFront)} in front of its convolutions`;
  const among = sorted.slice(first, last).find((module) => !own.has(module) && hasWeights(module));
  if (among !== undefined) return `${described(among)} among its convolutions`;
  return halfBiased(convolutions);
}

const isConvolution = ({ kernel }: Module) => kernel?.shape.length === 4;

const hasWeights = ({ all }: Module) =>
  all.some(({ name, shape }) => shape.length > 0 && !NO_WEIGHTS.test(name));

/** Biases belong to all convolutions or to none. */
function halfBiased(convolutions: readonly Module[]): string | undefined {
  const without = convolutions.filter(({ bias }) => bias === undefined);
  if (without.length === 0 || without.length === convolutions.length) return undefined;
  return `${without.map(({ path }) => path.join('.')).join(', ')} without a bias, which the other convolutions have`;
}

function described({ all }: Module): string {
  return all
    .filter(({ shape }) => shape.length > 0)
    .slice(0, 4)
    .map(({ name, shape }) => `${JSON.stringify(name)} ${shape.join(' x ')}`)
    .join(', ');
}

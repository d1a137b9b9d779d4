import type { Shape } from '../base/tensor.ts';
import { BACKBONE_ROWS, type BackboneRow } from '../network/catalog.ts';
import { isUnder, type Module, ordersOf } from './modules.ts';

/** How a file's kernels are laid out: PyTorch's [out, in, H, W] or Keras's [H, W, in, out]. */
export type KernelLayout = 'oihw' | 'hwio';

/** The convolutions of one network in a file. */
export interface FoundNetwork {
  readonly layout: KernelLayout;
  /** What the paths of its convolutions begin with. */
  readonly prefix: readonly string[];
  /** In the order in which data passes through them. */
  readonly convolutions: readonly Module[];
  /** Convolutions in each block. */
  readonly blocks: readonly number[];
  /** Channels that come out of each convolution. */
  readonly widths: readonly number[];
  /** Whether a network of the catalog has these convolutions. */
  readonly known: boolean;
}

/** Convolutions that make a VGG: many networks begin with one that is 3x3. */
const FEWEST = 2;

/**
 * Finds the VGGs of a file by the shapes of their kernels: 3x3 convolutions of which each takes the channels that
 * the one before it gives, the first one three. What they are called, and what stands before their names, does not
 * matter.
 * @param listed whether the file lists its tensors in the order of the layers
 */
export function findNetworks(modules: readonly Module[], listed: boolean): FoundNetwork[] {
  for (const layout of ['oihw', 'hwio'] as const) {
    const layers = modules.filter(({ kernel }) => kernel?.shape.length === 4);
    const squares = layers.filter((module) => isSquare(module, layout));
    const found = squares
      .filter((module) => channelsOf(module, layout).inputs === 3)
      .flatMap((first) => networkFrom(first, { squares, layout, listed }) ?? []);
    const known = distinct(found.filter((network) => network.known));
    if (known.length > 0) return known;
    // Of a network that nobody knows all convolutions are to be there, and no others; but several copies may be.
    const copies = copiesOf(distinct(found));
    if (copies.length > 0 && isAllOf(layers, copies)) return copies;
  }
  return [];
}

function isSquare({ kernel }: Module, layout: KernelLayout): boolean {
  const [a, b, c, d] = kernel?.shape ?? [];
  return layout === 'oihw' ? c === 3 && d === 3 : a === 3 && b === 3;
}

/** The channels of a convolution. */
export function channelsOf({ kernel }: Module, layout: KernelLayout) {
  const [a = 0, b = 0, c = 0, d = 0] = kernel?.shape ?? [];
  return layout === 'oihw' ? { inputs: b, outputs: a } : { inputs: c, outputs: d };
}

interface Search {
  readonly squares: readonly Module[];
  readonly layout: KernelLayout;
  readonly listed: boolean;
}

/** Parts of a name that may stand before those that tell the layers; names of real files have fewer than ten. */
const MOST_PARTS = 32;

/** The longest chain of all convolutions under a common path; those that the catalog has go before others. */
function networkFrom(first: Module, search: Search): FoundNetwork | undefined {
  let best: FoundNetwork | undefined;
  for (let depth = Math.min(MOST_PARTS, first.path.length); depth >= 0; depth--) {
    const prefix = first.path.slice(0, depth);
    const under = search.squares.filter((module) => isUnder(module, prefix));
    const chain = chainOf(first, under, search);
    if (chain === undefined) continue;
    const network = networkOf(chain, { prefix, layout: search.layout });
    const longer = chain.length > (best?.convolutions.length ?? 0);
    if (network.known ? !best?.known || longer : longer && !best?.known) best = network;
  }
  return best;
}

function chainOf(
  first: Module,
  modules: readonly Module[],
  { layout, listed }: Search,
): readonly Module[] | undefined {
  return ordersOf(listed)
    .map((order) => [...modules].sort(order))
    .find((chain) => {
      let channels = 3;
      const linked = chain.every((module) => {
        const { inputs, outputs } = channelsOf(module, layout);
        const fits = inputs === channels;
        channels = outputs;
        return fits;
      });
      return chain[0] === first && linked;
    });
}

function networkOf(
  convolutions: readonly Module[],
  { prefix, layout }: Pick<FoundNetwork, 'prefix' | 'layout'>,
): FoundNetwork {
  const widths = convolutions.map((module) => channelsOf(module, layout).outputs);
  const row = Object.values(BACKBONE_ROWS).find((each) => sameWidths(widthsOf(each), widths));
  const told = blocksByName(convolutions) ?? blocksByNumber(convolutions);
  const known = row !== undefined && (told ?? row.convolutions).join() === row.convolutions.join();
  const blocks = (known ? row.convolutions : told) ?? blocksByWidth(widths);
  return { layout, prefix, convolutions, widths, blocks, known };
}

/** The output channels of each convolution of a backbone. */
function widthsOf({ convolutions, widths }: BackboneRow): Shape {
  return convolutions.flatMap((count, block) => Array<number>(count).fill(widths[block] ?? 0));
}

const sameWidths = (a: Shape, b: Shape) => a.length === b.length && a.every((x, at) => x === b[at]);

/** `block1_conv2`, `conv1_2`: the block and the place in it. */
const BLOCK_AND_PLACE = /(?:^|[a-z_])(\d+)_(?:conv)?(\d+)$/;

/** Names that say the block; undefined where not all of them do. */
function blocksByName(convolutions: readonly Module[]): readonly number[] | undefined {
  const blocks: number[] = [];
  for (const { path } of convolutions) {
    const [, block, place] = BLOCK_AND_PLACE.exec(path.at(-1) ?? '') ?? [];
    if (block === undefined) return undefined;
    const next = Number(place) === 1;
    if (next) blocks.push(1);
    else blocks.push((blocks.pop() ?? 0) + 1);
    if (Number(block) !== blocks.length || Number(place) !== blocks.at(-1)) return undefined;
  }
  return blocks;
}

/**
 * Where PyTorch numbers all layers of a sequence, the numbers tell the pools: a convolution and what belongs to it
 * take the same count of numbers each time, and a pool one more. Undefined where numbers tell no pool.
 */
function blocksByNumber(convolutions: readonly Module[]): readonly number[] | undefined {
  const numbers = sequenceNumbers(convolutions);
  if (numbers === undefined) return undefined;
  const steps = numbers.slice(1).map((number, at) => number - (numbers[at] ?? 0));
  const least = Math.min(...steps);
  if (!steps.every((step) => step === least || step === least + 1)) return undefined;
  if (new Set(steps).size < 2) return undefined;
  const blocks = [1];
  for (const step of steps) {
    if (step > least) blocks.push(1);
    else blocks.push((blocks.pop() ?? 0) + 1);
  }
  return blocks;
}

/** The numbers by which the paths differ; undefined where they differ by anything else. */
function sequenceNumbers(convolutions: readonly Module[]): readonly number[] | undefined {
  const paths = convolutions.map(({ path }) => path);
  const [first = []] = paths;
  const differing = first.flatMap((part, at) =>
    paths.every((path) => path[at] === part) ? [] : [at],
  );
  const [axis] = differing;
  if (axis === undefined || differing.length > 1) return undefined;
  const numbers = paths.map((path) => Number(path[axis] || Number.NaN));
  const rising = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0));
  return numbers.every(Number.isInteger) && rising ? numbers : undefined;
}

function blocksByWidth(widths: Shape): readonly number[] {
  const blocks: number[] = [];
  for (const [at, width] of widths.entries()) {
    if (at > 0 && width === widths[at - 1]) blocks.push((blocks.pop() ?? 0) + 1);
    else blocks.push(1);
  }
  return blocks;
}

function distinct(networks: readonly FoundNetwork[]): FoundNetwork[] {
  const keys = networks.map(({ convolutions }) => convolutions[0]);
  return networks.filter(({ convolutions }, at) => keys.indexOf(convolutions[0]) === at);
}

/** The networks that are built as the first of some convolutions is. */
function copiesOf(networks: readonly FoundNetwork[]): FoundNetwork[] {
  const own = networks.filter(({ convolutions }) => convolutions.length >= FEWEST);
  return own.filter(({ widths }) => sameWidths(widths, own[0]?.widths ?? []));
}

/**
 * Whether all other 4-D kernels come after the convolutions of a copy, and none among them: those of a classifier may have
 * four axes.
 */
function isAllOf(layers: readonly Module[], networks: readonly FoundNetwork[]): boolean {
  const own = new Set(networks.flatMap(({ convolutions }) => convolutions));
  const ranges = networks.map(({ convolutions }) => {
    const places = convolutions.map(({ place }) => place);
    return { first: Math.min(...places), last: Math.max(...places) };
  });
  const begin = Math.min(...ranges.map(({ first }) => first));
  return layers.every(
    (layer) =>
      own.has(layer) ||
      (layer.place > begin &&
        ranges.every(({ first, last }) => layer.place < first || layer.place > last)),
  );
}

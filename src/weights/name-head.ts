import type { Shape } from '../base/tensor.ts';
import { sizeOf } from '../base/tensor.ts';
import type { FoundNetwork } from './find-network.ts';
import { type Module, ordersOf } from './modules.ts';
import type { Layout, SourceTensor } from './source-tensor.ts';

export interface NamedHead {
  readonly tensors: readonly [string, SourceTensor][];
  readonly notes: readonly string[];
  /** Whether hidden layers are written as convolutions, as timm does. */
  readonly timm: boolean;
}

/** A dense layer of a file. */
interface Dense {
  readonly module: Module;
  readonly inputs: number;
  readonly outputs: number;
  readonly layout: Layout;
}

/** More dense layers than this are no classifier of a VGG. */
const MOST_DENSE = 6;

/**
 * The classifier behind the convolutions, by the shapes of its dense layers: the paper's three on the flattened map,
 * a hidden one and an output on the pooled map (`mlp`), or an output alone (`linear`). Any other is left over,
 * and a note says so.
 */
export function headTensors(
  network: FoundNetwork,
  modules: readonly Module[],
  listed: boolean,
): NamedHead {
  const dense = modules.flatMap((module) => denseOf(module, network) ?? []);
  if (dense.length === 0) return { tensors: [], notes: [], timm: false };
  const channels = network.widths.at(-1) ?? 0;
  const normed = modules.some(({ norm }) => norm !== undefined);
  const names = normed ? undefined : namesOf(channels, chainOf({ dense, channels, listed }));
  if (names === undefined) return { tensors: [], notes: [fitsNoHead(dense, normed)], timm: false };
  const timm = names.some(({ layer }) => layer.layout === 'flatten');
  const used = new Set(names.map(({ layer }) => layer));
  const left = dense.filter((layer) => !used.has(layer));
  const notes = left.length > 0 ? [fitsNoHead(left, false)] : [];
  return { tensors: names.flatMap((named) => tensorsOf(named, channels)), notes, timm };
}

function denseOf(module: Module, { layout }: FoundNetwork): Dense | undefined {
  const { kernel } = module;
  if (kernel === undefined) return undefined;
  const [a = 0, b = 0] = kernel.shape;
  if (kernel.shape.length === 2) {
    return layout === 'oihw'
      ? { module, inputs: b, outputs: a, layout: 'same' }
      : { module, inputs: a, outputs: b, layout: 'transpose' };
  }
  if (layout === 'hwio') return undefined;
  return { module, inputs: sizeOf(kernel.shape.slice(1)), outputs: a, layout: 'flatten' };
}

/** All of the layers, each taking what the one before it gives; undefined where they are no such chain. */
function chainOf(of: {
  readonly dense: readonly Dense[];
  readonly channels: number;
  readonly listed: boolean;
}): readonly Dense[] | undefined {
  const { dense, channels, listed } = of;
  if (dense.length > MOST_DENSE) return undefined;
  const order = ordersOf(listed)[0];
  const sorted = [...dense].sort((a, b) => order(a.module, b.module));
  const starts = (layer: Dense) => isSquareMap(layer.inputs / channels);
  return extend([], { left: sorted, fits: starts });
}

function extend(
  chain: readonly Dense[],
  { left, fits }: { readonly left: readonly Dense[]; readonly fits: (layer: Dense) => boolean },
): readonly Dense[] | undefined {
  if (left.length === 0) return chain;
  for (const layer of left.filter(fits)) {
    const found = extend([...chain, layer], {
      left: left.filter((other) => other !== layer),
      fits: ({ inputs }) => inputs === layer.outputs,
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The map that is flattened has a whole side: 1, 2, 7, ... */
const isSquareMap = (cells: number) => cells > 0 && Number.isInteger(Math.sqrt(cells));

interface NamedDense {
  readonly canonical: 'fc6' | 'fc7' | 'fc8';
  readonly layer: Dense;
}

function namesOf(
  channels: number,
  chain: readonly Dense[] | undefined,
): readonly NamedDense[] | undefined {
  const [first, second, third, ...more] = chain ?? [];
  if (first === undefined) return undefined;
  if (first.inputs !== channels) return vggLayers([first, second, third, ...more]);
  if (second === undefined) return [{ canonical: 'fc8', layer: first }];
  if (third !== undefined) return undefined;
  return [
    { canonical: 'fc7', layer: first },
    { canonical: 'fc8', layer: second },
  ];
}

/** The paper's classifier: its two hidden layers are of use also where something else stands behind them. */
function vggLayers(chain: readonly (Dense | undefined)[]): readonly NamedDense[] | undefined {
  const [first, second, third] = chain;
  if (first === undefined || second === undefined || second.outputs !== first.outputs) {
    return undefined;
  }
  const hidden: NamedDense[] = [
    { canonical: 'fc6', layer: first },
    { canonical: 'fc7', layer: second },
  ];
  const whole = third !== undefined && chain.length === 3;
  return whole ? [...hidden, { canonical: 'fc8', layer: third }] : hidden;
}

function tensorsOf({ canonical, layer }: NamedDense, channels: number): [string, SourceTensor][] {
  const { module, inputs, outputs, layout } = layer;
  const { kernel, bias } = module;
  if (kernel === undefined) return [];
  const flattened = layout === 'transpose' && inputs !== channels && canonical === 'fc6';
  const shape: Shape = [outputs, inputs];
  const weight = {
    name: kernel.name,
    layout: flattened ? 'transpose-hwc' : layout,
    shape,
  } as const;
  const offset: SourceTensor =
    bias === undefined
      ? { name: '', layout: 'zeros', shape: [outputs] }
      : { name: bias.name, layout: 'same', shape: bias.shape };
  return [
    [`${canonical}.weight`, weight],
    [`${canonical}.bias`, offset],
  ];
}

function fitsNoHead(dense: readonly Dense[], normed: boolean): string {
  const layers = dense
    .slice(0, MOST_DENSE)
    .map(
      ({ module, inputs, outputs }) =>
        `${module.path.join('.') || 'a layer'} ${inputs} -> ${outputs}`,
    );
  const more = dense.length > MOST_DENSE ? ', ...' : '';
  const norm = normed ? ', with batch norms' : '';
  return `its classifier (${layers.join(', ')}${more}${norm}) fits none of the heads linear, mlp and vgg, and is left out`;
}

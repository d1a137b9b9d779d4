import { usageError } from '../base/errors.ts';
import type { Layer, LayerKind, NetworkSpec } from './spec.ts';

/** The block of a layer: `block1` ... `block5`, or `head` for everything after the last pool. */
export function blockOf(layer: Layer): string {
  const match = /^(?:(?:conv|bn|relu)(\d+)_\d+|pool(\d+))$/.exec(layer.name);
  const block = match?.[1] ?? match?.[2];
  return block === undefined ? 'head' : `block${block}`;
}

/**
 * The boundary directly after a layer, by its exact name.
 * @throws Error where there is none: a bug
 */
export function boundaryBehind({ layers }: NetworkSpec, name: string): number {
  const index = layers.findIndex((layer) => layer.name === name);
  if (index < 0) throw new Error(`the network has no layer ${name}`);
  return index + 1;
}

/**
 * The layers that belong to the layer before them: those without trainable parameters that act the same in
 * training, and a batch norm after a convolution.
 */
const FOLLOWS = {
  conv: 'none',
  batchnorm: 'conv',
  relu: 'any',
  maxpool: 'any',
  avgpool: 'any',
  gap: 'any',
  levels: 'any',
  flatten: 'any',
  dense: 'none',
  dropout: 'none',
} as const satisfies Record<LayerKind, LayerKind | 'any' | 'none'>;

/**
 * The freeze boundary after a layer: layers [0, boundary) are frozen. It is moved down as far as possible
 * without freezing more parameters, because activations are smallest there: after `conv4_3` it is after
 * `pool4`, after `pool5` it is after the head's pooling. A convolution's batch norm goes with it.
 * @param name a layer, a block (`block4`), or `none` for an empty prefix
 * @throws VggtuneError (usage) when there is no such layer, or nothing after it could be trained
 */
export function boundaryAfter(network: NetworkSpec, name: string): number {
  if (name === 'none') return 0;
  const last = network.layers.findLastIndex(
    (layer) => layer.name === name || (blockOf(layer) === name && name !== 'head'),
  );
  if (last < 0) throw unknownLayer(network, name);
  let boundary = last + 1;
  while (belongsTo(network.layers[boundary], network.layers[boundary - 1])) boundary++;
  if (boundary < network.layers.length) return boundary;
  throw usageError(`freezing up to "${name}" leaves nothing to train`, {
    where: 'freeze',
    fix: 'name an earlier layer',
  });
}

function belongsTo(layer: Layer | undefined, before: Layer | undefined): boolean {
  if (layer === undefined) return false;
  const followed = FOLLOWS[layer.kind];
  return followed === 'any' || followed === before?.kind;
}

function unknownLayer(network: NetworkSpec, name: string): Error {
  const names = network.layers.map((layer) => layer.name);
  const blocks = new Set(network.layers.map(blockOf).filter((block) => block !== 'head'));
  return usageError(`${network.backbone} has no layer "${name}"`, {
    expected: `one of ${[...blocks, ...names].join(', ')}`,
    found: name,
    where: 'freeze',
    fix: 'name one of them, or "none" to freeze nothing',
  });
}

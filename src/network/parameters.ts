import { type Shape, sizeOf } from '../base/tensor.ts';
import type { Layer, NetworkSpec } from './spec.ts';

export interface ParameterShape {
  readonly name: string;
  readonly shape: Shape;
}

/**
 * The tensors of a layer, by canonical name; none for a layer without any. Batch norm has `.weight`
 * and `.bias`, which are trained, and `.running_mean` and `.running_var`, which are statistics.
 */
export function layerParameters(layer: Layer): readonly ParameterShape[] {
  const named = (suffix: string, shape: Shape) => ({ name: `${layer.name}.${suffix}`, shape });
  switch (layer.kind) {
    case 'conv': {
      const { inChannels, outChannels, kernel } = layer;
      return [
        named('weight', [outChannels, inChannels, kernel, kernel]),
        named('bias', [outChannels]),
      ];
    }
    case 'dense':
      return [named('weight', [layer.outputs, layer.inputs]), named('bias', [layer.outputs])];
    case 'batchnorm':
      return ['weight', 'bias', 'running_mean', 'running_var'].map((suffix) =>
        named(suffix, [layer.channels]),
      );
    case 'relu':
    case 'maxpool':
    case 'avgpool':
    case 'gap':
    case 'levels':
    case 'flatten':
    case 'dropout':
      return [];
  }
}

/** Every tensor of a network, statistics too, in the order of the layers. */
export function parameterShapes(network: NetworkSpec): ReadonlyMap<string, Shape> {
  const all = network.layers.flatMap(layerParameters);
  return new Map(all.map(({ name, shape }) => [name, shape]));
}

/** Whether a tensor is a running statistic, which no optimizer touches. */
export function isStatistic(name: string): boolean {
  return name.endsWith('.running_mean') || name.endsWith('.running_var');
}

/** How many trainable numbers a layer has; statistics are not counted. */
export function parameterCount(layer: Layer): number {
  return layerParameters(layer)
    .filter(({ name }) => !isStatistic(name))
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

import { type Shape, sizeOf } from '../base/tensor.ts';
import { parameterCount } from './parameters.ts';
import type { Layer, NetworkSpec } from './spec.ts';

export interface LayerCost {
  readonly name: string;
  /** Trainable numbers. */
  readonly parameters: number;
  /** Multiply-adds of one image's forward pass; a floating-point operation is half of one. */
  readonly macs: number;
}

/** What each layer holds and costs. Only convolutions and dense layers count as work. */
export function networkCost(network: NetworkSpec): readonly LayerCost[] {
  return network.layers.map((layer, index) => ({
    name: layer.name,
    parameters: parameterCount(layer),
    macs: layerMacs(layer, network.shapes[index] ?? []),
  }));
}

function layerMacs(layer: Layer, output: Shape): number {
  switch (layer.kind) {
    case 'conv':
      return sizeOf(output) * layer.inChannels * layer.kernel ** 2;
    case 'dense':
      return layer.inputs * layer.outputs;
    case 'batchnorm':
    case 'relu':
    case 'maxpool':
    case 'avgpool':
    case 'gap':
    case 'levels':
    case 'flatten':
    case 'dropout':
      return 0;
  }
}

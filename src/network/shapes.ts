import { type Shape, sizeOf } from '../base/tensor.ts';
import type { Layer } from './spec.ts';

/**
 * The output shape of a layer, without the batch axis: [C, H, W] or [C].
 * @throws RangeError when the layer does not take such an input: layers in a wrong order
 */
export function layerShape(layer: Layer, input: Shape): Shape {
  switch (layer.kind) {
    case 'conv': {
      const [channels, height, width] = image(layer, input);
      expectSize(layer, channels, layer.inChannels);
      return [layer.outChannels, height, width];
    }
    case 'batchnorm':
      expectSize(layer, image(layer, input)[0], layer.channels);
      return input;
    case 'maxpool': {
      const [channels, height, width] = image(layer, input);
      return [channels, Math.floor(height / layer.size), Math.floor(width / layer.size)];
    }
    case 'avgpool':
      return [image(layer, input)[0], layer.size, layer.size];
    case 'gap':
      return [image(layer, input)[0]];
    case 'levels':
      return [layer.sources.reduce((sum, { channels }) => sum + channels, 0), 1, 1];
    case 'flatten':
      return [sizeOf(input)];
    case 'dense':
      expectSize(layer, sizeOf(input), layer.inputs);
      return [layer.outputs];
    case 'relu':
    case 'dropout':
      return input;
  }
}

/** The output shape of each layer in turn, from the network's input [C, H, W]. */
export function layerShapes(layers: readonly Layer[], input: Shape): Shape[] {
  let shape = input;
  return layers.map((layer) => {
    shape = layerShape(layer, shape);
    return shape;
  });
}

function image(layer: Layer, input: Shape): readonly [number, number, number] {
  const [channels, height, width] = input;
  if (input.length !== 3 || channels === undefined || height === undefined || width === undefined) {
    throw new RangeError(`${layer.name} takes [C, H, W], not [${input}]`);
  }
  return [channels, height, width];
}

function expectSize(layer: Layer, found: number, expected: number): void {
  if (found !== expected) {
    throw new RangeError(`${layer.name} takes ${expected} channels, not ${found}`);
  }
}

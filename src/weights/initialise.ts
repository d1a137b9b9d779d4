import { createRng } from '../base/rng.ts';
import { type NamedTensors, type Shape, sizeOf, type Tensor } from '../base/tensor.ts';
import { layerParameters } from '../network/parameters.ts';
import type { Layer, NetworkSpec } from '../network/spec.ts';

/**
 * Random starting weights of every tensor of a network (He et al. 2015). Convolutions: normal with
 * variance 2 / (outputs * kernel area), as torchvision's VGG. Hidden dense layers: uniform with
 * variance 2 / inputs. The output layer: normal with deviation 0.01, so that the first predictions
 * are even. Biases and running means 0; batch norm's scales and running variances 1.
 *
 * @param only leaves out every tensor for which it is false
 */
export function randomWeights(
  network: NetworkSpec,
  seed: number,
  only: (name: string) => boolean = () => true,
): NamedTensors {
  const weights = new Map<string, Tensor>();
  const lastDense = network.layers.findLast((layer) => layer.kind === 'dense');
  for (const layer of network.layers) {
    for (const { name, shape } of layerParameters(layer)) {
      if (!only(name)) continue;
      const fill = filling({ layer, name, output: layer === lastDense });
      // A stream of its own for each tensor: what one holds does not depend on which others are made.
      const rng = createRng('weights', seed, name);
      weights.set(name, { shape, data: fill(shape, rng) });
    }
  }
  return weights;
}

type Fill = (shape: Shape, rng: ReturnType<typeof createRng>) => Float32Array;

function filling(tensor: { layer: Layer; name: string; output: boolean }): Fill {
  const { layer, name, output } = tensor;
  if (name.endsWith('.running_var')) return constant(1);
  if (!name.endsWith('.weight')) return constant(0);
  switch (layer.kind) {
    case 'conv':
      return normal(Math.sqrt(2 / (layer.outChannels * layer.kernel ** 2)));
    case 'dense':
      return output ? normal(0.01) : uniform(Math.sqrt(6 / layer.inputs));
    case 'batchnorm':
    case 'relu':
    case 'maxpool':
    case 'avgpool':
    case 'gap':
    case 'levels':
    case 'flatten':
    case 'dropout':
      return constant(1);
  }
}

const constant =
  (value: number): Fill =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

const normal =
  (deviation: number): Fill =>
  (shape, rng) =>
    drawn(shape, () => rng.normal() * deviation);

const uniform =
  (bound: number): Fill =>
  (shape, rng) =>
    drawn(shape, () => (rng.uniform() * 2 - 1) * bound);

function drawn(shape: Shape, draw: () => number): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  for (let index = 0; index < data.length; index++) data[index] = draw();
  return data;
}

import type { KerasLayer } from './keras-layers.ts';

/** Whether each layer takes the output of the one before it. */
export function isSequential(layers: readonly KerasLayer[]): boolean {
  return layers.every(({ inputs }) => inputs === undefined);
}

/**
 * The config of a functional model, in which each layer names the layers that it takes; Keras 3 reads
 * the form that TensorFlow.js has.
 * @param input the layer of the images, which must be called `image`
 */
export function functionalConfig(
  layers: readonly KerasLayer[],
  input: object,
  write: (layer: KerasLayer) => object,
): Readonly<Record<string, unknown>> {
  const rows = layers.map((layer, index) => {
    const inputs = layer.inputs ?? [layers[index - 1]?.name ?? 'image'];
    const inbound = inputs.map((name) => [name, 0, 0, {}]);
    return { ...write(layer), name: layer.name, inbound_nodes: [inbound] };
  });
  return {
    name: 'vggtune',
    trainable: true,
    layers: [{ ...input, name: 'image', inbound_nodes: [] }, ...rows],
    input_layers: [['image', 0, 0]],
    output_layers: [[layers.at(-1)?.name, 0, 0]],
  };
}

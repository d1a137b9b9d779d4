import { type NamedTensors, type Shape, sizeOf } from '../../base/tensor.ts';
import { boundaryBehind } from '../../network/boundary.ts';
import { tensorOf } from '../../network/fold-batch-norm.ts';
import { layerParameters } from '../../network/parameters.ts';
import type { Layer, NetworkSpec } from '../../network/spec.ts';
import { carriedLevels, rowShape } from '../rows.ts';
import { type CustomLayers, customLayers } from './custom-layers.ts';
import { toTensorFlow } from './layout.ts';
import type { LayersModel, SymbolicTensor, TensorFlow, TfLayer, Variable } from './tensorflow.ts';

export interface StretchRequest {
  readonly network: NetworkSpec;
  /** Layers [from, to). */
  readonly from: number;
  readonly to: number;
  /** Batch norms in training mode, by name. */
  readonly trainedBatchNorms?: ReadonlySet<string>;
}

export interface ModelOptions {
  /** Boundaries whose activations come out before the output, in this order. */
  readonly taps?: readonly number[];
  readonly softmax?: boolean;
  /** Whether each dropout layer becomes a product with a further input, in the order of the layers. */
  readonly masks?: boolean;
  /** Whether the last output is the input of a layer range that begins at `to`. */
  readonly carry?: boolean;
}

/** Averages of levels from before the layer range, by the name of their layer. */
type Carried = ReadonlyMap<string, SymbolicTensor>;

type LevelsLayer = Extract<Layer, { kind: 'levels' }>;

/**
 * A layer range of a network as layers of TensorFlow.js. Models that are built from it share the variables.
 * Inputs and outputs have the canonical order of axes [C, H, W]; inside it is TensorFlow's [H, W, C]. A
 * flatten restores the canonical order first, so that a dense kernel is transposed and nothing more, wherever
 * the range begins.
 */
export class LayerRange {
  /** Parameters and statistics by canonical name, in TensorFlow's layout. */
  readonly variables: ReadonlyMap<string, Variable>;
  readonly #tf: TensorFlow;
  readonly #request: StretchRequest;
  readonly #custom: CustomLayers;
  /** The layers that hold variables, by name; the others are made anew for each model. */
  readonly #layers = new Map<string, TfLayer>();
  readonly #models: LayersModel[] = [];

  constructor(tf: TensorFlow, request: StretchRequest) {
    this.#tf = tf;
    this.#request = request;
    this.#custom = customLayers(tf);
    // Variables come to be when a layer is applied for the first time.
    this.model();
    this.variables = this.#collectVariables();
  }

  /** @returns a model with one output for each tap, and the last one's after them */
  model(options: ModelOptions = {}): LayersModel {
    const { taps = [], softmax = false, masks = false, carry = false } = options;
    const tf = this.#tf;
    const { network, from, to } = this.#request;
    const row = tf.input({
      shape: [...rowShape(network, from)],
      dtype: from === 0 ? 'int32' : 'float32',
    });
    const inputs = [row];
    const { activations, carried } = this.#apart(row);
    const values = [activations];
    for (let index = from; index < to; index++) {
      let value = values.at(-1) ?? row;
      const layer = network.layers[index];
      if (layer === undefined) throw new Error(`the network has no layer ${index}`);
      if (layer.kind === 'dropout' && masks) {
        const mask = tf.input({ shape: [...(network.shapes[index] ?? [])] });
        inputs.push(mask);
        value = apply(tf.layers.multiply(), [value, this.#channelsLast(mask)]);
      } else if (layer.kind === 'levels') {
        value = this.#levels(layer, values, carried);
      } else {
        for (const step of this.#steps(layer, inputShape(network, index))) {
          value = apply(step, value);
        }
      }
      values.push(value);
    }
    const end = values.at(-1) ?? row;
    const last = carry ? this.#together(end, values, carried) : this.#channelsFirst(end);
    const output = softmax ? apply(tf.layers.softmax(), last) : last;
    const tapped = taps.map((tap) => this.#channelsFirst(values[tap - from] ?? row));
    const model = tf.model({ inputs, outputs: [...tapped, output] });
    this.#models.push(model);
    return model;
  }

  /** Sets the variables to copies of the given weights. */
  write(weights: NamedTensors): void {
    for (const [name, variable] of this.variables) {
      const value = toTensorFlow(this.#tf, tensorOf(weights, name));
      variable.assign(value);
      value.dispose();
    }
  }

  /** Frees the variables; models that were built from them cannot be used afterwards. */
  dispose(): void {
    for (const model of this.#models) model.dispose();
  }

  /** @param values what came out so far, from the layer range's first boundary on */
  #levels(
    { sources }: LevelsLayer,
    values: readonly SymbolicTensor[],
    carried: Carried,
  ): SymbolicTensor {
    return this.#joined(
      sources.map(({ layer }) => carried.get(layer) ?? this.#levelMean(layer, values)),
    );
  }

  /** The average of a layer's map, [1, 1, C]. */
  #levelMean(name: string, values: readonly SymbolicTensor[]): SymbolicTensor {
    const { network, from } = this.#request;
    const boundary = boundaryBehind(network, name);
    const value = values[boundary - from];
    if (value === undefined)
      throw new Error(`${name} lies before the layer range and is not carried`);
    const [, height = 1, width = 1] = network.shapes[boundary - 1] ?? [];
    return apply(this.#tf.layers.averagePooling2d({ poolSize: [height, width] }), value);
  }

  #joined(parts: readonly SymbolicTensor[]): SymbolicTensor {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return apply(this.#tf.layers.concatenate({ axis: -1 }), [...parts]);
  }

  /** Splits an input into activations and the averages behind them, by the name of their layer. */
  #apart(row: SymbolicTensor): { activations: SymbolicTensor; carried: Carried } {
    const { network, from } = this.#request;
    if (from === 0) return { activations: this.#normalised(row), carried: new Map() };
    const levels = carriedLevels(network, from);
    if (levels.length === 0) return { activations: this.#channelsLast(row), carried: new Map() };
    const { layers } = this.#tf;
    const piece = (start: number, shape: Shape) => {
      const cut = apply(new this.#custom.Cut({ start, end: start + sizeOf(shape) }), row);
      return this.#channelsLast(apply(layers.reshape({ targetShape: [...shape] }), cut));
    };
    const shape = network.shapes[from - 1] ?? [];
    const carried = new Map<string, SymbolicTensor>();
    let start = sizeOf(shape);
    for (const { layer, channels } of levels) {
      carried.set(layer, piece(start, [channels, 1, 1]));
      start += channels;
    }
    return { activations: piece(0, shape), carried };
  }

  /**
   * Joins activations and averages into one vector per sample; without later readers, the activations alone.
   */
  #together(
    end: SymbolicTensor,
    values: readonly SymbolicTensor[],
    carried: Carried,
  ): SymbolicTensor {
    const { network, to } = this.#request;
    const last = this.#channelsFirst(end);
    const levels = carriedLevels(network, to);
    if (levels.length === 0) return last;
    const flat = (value: SymbolicTensor) => apply(this.#tf.layers.flatten(), value);
    const means = levels.map(({ layer }) => carried.get(layer) ?? this.#levelMean(layer, values));
    return this.#joined([flat(last), ...means.map(flat)]);
  }

  /** The TensorFlow layers of one of ours; none for what does nothing in inference. */
  #steps(layer: Exclude<Layer, LevelsLayer>, [, height = 1, width = 1]: Shape): TfLayer[] {
    const { layers } = this.#tf;
    switch (layer.kind) {
      case 'conv':
      case 'dense':
      case 'batchnorm':
        return [this.#parametrised(layer)];
      case 'relu':
        return [layers.reLU()];
      case 'maxpool':
        return [layers.maxPooling2d({ poolSize: layer.size, strides: layer.size })];
      case 'avgpool': {
        const { name, size } = layer;
        return height === size && width === size
          ? []
          : [new this.#custom.AdaptiveAverage({ name: `${name}_${this.#models.length}`, size })];
      }
      case 'gap':
        return [layers.globalAveragePooling2d({})];
      case 'flatten':
        return [layers.permute({ dims: [3, 1, 2] }), layers.flatten()];
      case 'dropout':
        return [];
    }
  }

  #parametrised(layer: Extract<Layer, { kind: 'conv' | 'dense' | 'batchnorm' }>): TfLayer {
    const known = this.#layers.get(layer.name);
    if (known !== undefined) return known;
    const made = this.#make(layer);
    this.#layers.set(layer.name, made);
    return made;
  }

  #make(layer: Extract<Layer, { kind: 'conv' | 'dense' | 'batchnorm' }>): TfLayer {
    const { layers } = this.#tf;
    const { name } = layer;
    // Zeros, because the weights are written over whatever a layer starts with.
    const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const;
    switch (layer.kind) {
      case 'conv': {
        const { outChannels: filters, kernel: kernelSize } = layer;
        return layers.conv2d({ name, filters, kernelSize, padding: 'same', ...zeros });
      }
      case 'dense':
        return layers.dense({ name, units: layer.outputs, ...zeros });
      case 'batchnorm': {
        const trained = this.#request.trainedBatchNorms?.has(name) === true;
        return new this.#custom.BatchNorm({ ...layer, trained });
      }
    }
  }

  #normalised(pixels: SymbolicTensor): SymbolicTensor {
    const { preprocessing } = this.#request.network;
    return apply(new this.#custom.Normalise(preprocessing), pixels);
  }

  #channelsLast(value: SymbolicTensor): SymbolicTensor {
    return value.shape.length === 4 ? this.#permuted(value, [2, 3, 1]) : value;
  }

  #channelsFirst(value: SymbolicTensor): SymbolicTensor {
    return value.shape.length === 4 ? this.#permuted(value, [3, 1, 2]) : value;
  }

  #permuted(value: SymbolicTensor, dims: number[]): SymbolicTensor {
    return apply(this.#tf.layers.permute({ dims }), value);
  }

  #collectVariables(): Map<string, Variable> {
    const found = new Map<string, Variable>();
    const { network, from, to } = this.#request;
    for (const layer of network.layers.slice(from, to)) {
      const weights = this.#layers.get(layer.name)?.weights ?? [];
      layerParameters(layer).forEach(({ name }, index) => {
        const value = weights[index]?.read();
        if (!(value instanceof this.#tf.Variable)) throw new Error(`${name} has no variable`);
        found.set(name, value);
      });
    }
    return found;
  }
}

/** The input shape of a layer, without the batch axis. */
function inputShape(network: NetworkSpec, index: number): Shape {
  return network.shapes[index - 1] ?? [];
}

function apply(layer: TfLayer, inputs: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  const output = layer.apply(inputs);
  if (Array.isArray(output) || 'dataId' in output) throw new Error('one symbolic output expected');
  return output;
}

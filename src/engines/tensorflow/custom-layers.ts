import { poolingMatrixTransposed } from '../../network/pooling.ts';
import { affinePreprocessing } from '../../network/preprocessing.ts';
import type { Preprocessing } from '../../network/spec.ts';
import type { Tensor, TensorFlow, TfLayer } from './tensorflow.ts';

type Inputs = Tensor | Tensor[];

function only(inputs: Inputs): Tensor {
  const [first] = Array.isArray(inputs) ? inputs : [inputs];
  if (first === undefined) throw new Error('a layer without an input');
  return first;
}

export interface BatchNormConfig {
  readonly name: string;
  readonly epsilon: number;
  readonly momentum: number;
  /** Uses the statistics of the batch, and updates the running ones, when `training` is given. */
  readonly trained: boolean;
}

/**
 * The layers that TensorFlow.js lacks, or has with other semantics. They are made for one
 * implementation at a time, since they extend its class.
 */
export function customLayers(tf: TensorFlow) {
  return {
    Normalise: normaliseLayer(tf),
    BatchNorm: batchNormLayer(tf),
    Cut: cutLayer(tf),
    AdaptiveAverage: adaptiveAverageLayer(tf),
  };
}

/** Pixels 0-255 to what the network takes: channel order, scale, mean and deviation. */
function normaliseLayer(tf: TensorFlow) {
  return class extends tf.layers.Layer {
    static className = 'Normalise';
    readonly #preprocessing: Preprocessing;

    constructor(preprocessing: Preprocessing) {
      super({ dtype: 'float32' });
      this.#preprocessing = preprocessing;
    }

    override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
      return inputShape;
    }

    override call(inputs: Inputs): Tensor {
      const { factor, shift } = affinePreprocessing(this.#preprocessing);
      return tf.tidy(() => {
        const pixels = only(inputs).cast('float32');
        const ordered = this.#preprocessing.channels === 'bgr' ? pixels.reverse(-1) : pixels;
        return ordered.mul(tf.tensor1d([...factor])).add(tf.tensor1d([...shift]));
      });
    }
  };
}

/**
 * PyTorch's batch norm. TensorFlow.js's own updates its statistics when it is frozen, and has
 * another convention of momentum; PyTorch normalises with the biased variance of the batch
 * and keeps the unbiased one.
 */
function batchNormLayer(tf: TensorFlow) {
  return class extends tf.layers.Layer {
    static className = 'TorchBatchNorm';
    readonly #config: BatchNormConfig;

    constructor(config: BatchNormConfig) {
      super({ name: config.name });
      this.#config = config;
    }

    override build(inputShape: (number | null)[]): void {
      const channels = inputShape.at(-1) ?? 0;
      for (const name of ['weight', 'bias', 'running_mean', 'running_var']) {
        this.addWeight(name, [channels], 'float32', tf.initializers.zeros(), undefined, true);
      }
      this.built = true;
    }

    override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
      return inputShape;
    }

    override call(inputs: Inputs, kwargs: { training?: boolean }): Tensor {
      const [scale, shift, mean, variance] = this.weights.map((weight) => weight.read());
      if (!(scale && shift && mean && variance)) throw new Error(`${this.name} is not built`);
      return tf.tidy(() => {
        const x = only(inputs);
        const { epsilon, trained, momentum } = this.#config;
        if (!trained || kwargs.training !== true) {
          return tf.batchNorm(x, mean, variance, shift, scale, epsilon);
        }
        const batch = tf.moments(x, x.shape.map((_, axis) => axis).slice(0, -1));
        updateStatistics(this.weights, batch, { samples: x.size / scale.size, momentum });
        return tf.batchNorm(x, batch.mean, batch.variance, shift, scale, epsilon);
      });
    }
  };
}

/** Moves the running statistics toward those of a batch. */
function updateStatistics(
  [, , mean, variance]: TfLayer['weights'],
  batch: { readonly mean: Tensor; readonly variance: Tensor },
  { samples, momentum }: { readonly samples: number; readonly momentum: number },
): void {
  const unbiased = batch.variance.mul(samples / (samples - 1));
  for (const [running, fresh] of [
    [mean, batch.mean],
    [variance, unbiased],
  ] as const) {
    const kept = running?.read().mul(1 - momentum);
    if (kept !== undefined) running?.write(kept.add(fresh.mul(momentum)));
  }
}

/** Columns [start, end) of rows [N, size]. */
function cutLayer(tf: TensorFlow) {
  return class extends tf.layers.Layer {
    static className = 'Cut';
    readonly #range: { readonly start: number; readonly end: number };

    constructor(range: { readonly start: number; readonly end: number }) {
      super({});
      this.#range = range;
    }

    override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
      return [inputShape[0] ?? null, this.#range.end - this.#range.start];
    }

    override call(inputs: Inputs): Tensor {
      const { start, end } = this.#range;
      return tf.tidy(() => only(inputs).slice([0, start], [-1, end - start]));
    }
  };
}

/** Adaptive average pooling with PyTorch's windows, which overlap where they do not divide. */
function adaptiveAverageLayer(tf: TensorFlow) {
  return class extends tf.layers.Layer {
    static className = 'AdaptiveAverage';
    readonly #size: number;

    constructor(config: { readonly name: string; readonly size: number }) {
      super({ name: config.name });
      this.#size = config.size;
    }

    override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
      return [inputShape[0] ?? null, this.#size, this.#size, inputShape[3] ?? null];
    }

    override call(inputs: Inputs): Tensor {
      return tf.tidy(() => {
        const byHeight = poolAxis(tf, only(inputs), { axis: 1, size: this.#size });
        return poolAxis(tf, byHeight, { axis: 2, size: this.#size });
      });
    }
  };
}

export type CustomLayers = ReturnType<typeof customLayers>;

/** Brings the axis to the end and multiplies with the matrix of the windows. */
function poolAxis(
  tf: TensorFlow,
  x: Tensor,
  { axis, size }: { axis: number; size: number },
): Tensor {
  const order = x.shape.map((_, index) => index);
  order.push(...order.splice(axis, 1));
  const inverse = order.map((_, index) => order.indexOf(index));
  const length = x.shape[axis] ?? 1;
  const moved = x.transpose(order);
  const windows = tf.tensor2d(poolingMatrixTransposed(length, size), [length, size]);
  const pooled = moved.reshape([-1, length]).matMul(windows);
  return pooled.reshape([...moved.shape.slice(0, -1), size]).transpose(inverse);
}

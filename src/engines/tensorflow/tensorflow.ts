import type * as tf from '@tensorflow/tfjs';

/**
 * The API that every implementation offers: plain TensorFlow.js, and tfjs-node and tfjs-node-gpu, which
 * export the same names over libtensorflow. It is passed in, because the implementation is chosen at run
 * time.
 */
export type TensorFlow = typeof tf;

export type {
  DataType,
  LayersModel,
  Scalar,
  SymbolicTensor,
  Tensor,
  Variable,
} from '@tensorflow/tfjs';

/** Any layer of the layers API. */
export type TfLayer = tf.layers.Layer;

import { oneHot } from '../../base/one-hot.ts';
import type { LinearProgram, LinearRequest } from '../engine.ts';
import { readFloats } from './layout.ts';
import { crossEntropy } from './losses.ts';
import type { Tensor, TensorFlow } from './tensorflow.ts';

/** The scores and the gradient of a linear classifier over samples that stay on the device. */
export function compileLinear(tf: TensorFlow, request: LinearRequest): LinearProgram {
  const { features, labels, inputs, classes } = request;
  const count = labels.length;
  const rows = tf.tensor2d(features.subarray(0, count * inputs), [count, inputs]);
  const targets = tf.tensor2d(oneHot(labels, classes), [count, classes]);
  const size = classes * inputs;
  return {
    evaluate: async (parameters, sampleWeights) =>
      tf.tidy(() => {
        const kernel = tf.tensor2d(parameters.slice(0, size), [classes, inputs]);
        const bias = tf.tensor1d(parameters.slice(size));
        const rowWeights = tf.tensor2d(sampleWeights, [count, 1]);
        const logits = (k: Tensor, b: Tensor) => rows.matMul(k, false, true).add(b);
        const loss = (k: Tensor, b: Tensor) =>
          crossEntropy(tf, { logits: logits(k, b), targets, rowWeights }, { labelSmoothing: 0 });
        const [ofKernel, ofBias] = tf.grads(loss)([kernel, bias]);
        const gradient = new Float32Array(size + classes);
        if (ofKernel !== undefined) gradient.set(readFloats(ofKernel));
        if (ofBias !== undefined) gradient.set(readFloats(ofBias), size);
        return { logProbabilities: readFloats(tf.logSoftmax(logits(kernel, bias))), gradient };
      }),
    release: async () => {
      rows.dispose();
      targets.dispose();
    },
  };
}

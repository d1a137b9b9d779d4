import type { Engine } from '../../src/engines/engine.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { findTensorFlow } from '../../src/engines/tensorflow/find.ts';
import { createTensorFlowEngine } from '../../src/engines/tensorflow/index.ts';
import type { TensorFlow } from '../../src/engines/tensorflow/tensorflow.ts';

/**
 * The file of a native package (`.../@tensorflow/tfjs-node/dist/index.js`) to test instead of plain
 * TensorFlow.js, on a machine where there is one.
 */
const native = process.env.VGGTUNE_TEST_TFJS;

export function onnxEngine(): Promise<Engine> {
  return createOnnxEngine({ device: 'cpu', threads: 1 });
}

/** The package below the engine of `tensorFlowEngine`. */
export async function tensorFlow(): Promise<TensorFlow> {
  const { found } =
    native === undefined
      ? await findTensorFlow('js')
      : await findTensorFlow('auto', { importPackage: () => import(native) });
  return found.tf;
}

export function tensorFlowEngine(): Promise<Engine> {
  return native === undefined
    ? createTensorFlowEngine({ device: 'js' })
    : createTensorFlowEngine({ device: 'auto', importPackage: () => import(native) });
}

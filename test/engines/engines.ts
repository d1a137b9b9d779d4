import type { Engine } from '../../src/engines/engine.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { createTensorFlowEngine } from '../../src/engines/tensorflow/index.ts';

/**
 * The file of a native package (`.../@tensorflow/tfjs-node/dist/index.js`) to test instead of plain
 * TensorFlow.js, on a machine where there is one.
 */
const native = process.env['VGGTUNE_TEST_TFJS'];

export function onnxEngine(): Promise<Engine> {
  return createOnnxEngine({ device: 'cpu', threads: 1 });
}

export function tensorFlowEngine(): Promise<Engine> {
  return native === undefined
    ? createTensorFlowEngine({ device: 'js' })
    : createTensorFlowEngine({ device: 'auto', importPackage: () => import(native) });
}

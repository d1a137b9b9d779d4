import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, unavailableError } from '../../base/errors.ts';
import { thisMachine } from '../../base/machine.ts';
import type { Shape } from '../../base/tensor.ts';
import { expectDevice } from './device-errors.ts';
import type { SessionOptions } from './session.ts';

export interface OnnxOutput {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Any ONNX model with one input and float32 outputs, whose sizes may be open. */
export interface OnnxRunner {
  /** The outputs by name. */
  run(input: Uint8Array | Float32Array, shape: Shape): Promise<ReadonlyMap<string, OnnxOutput>>;
  release(): Promise<void>;
}

/**
 * Opens a model as it is in a file, or its bytes: nothing of this project takes part in reading it.
 * @throws VggtuneError (unavailable) when the runtime does not take the device or the model
 */
export async function openOnnxRunner(
  model: string | Uint8Array,
  options: SessionOptions,
): Promise<OnnxRunner> {
  expectDevice(options.device);
  const session = await openSession(model, options).catch((error: unknown) => {
    throw unavailableError('onnxruntime-node did not take the model', {
      found: messageOf(error),
      fix: 'reinstall onnxruntime-node in the version that vggtune asks for',
      cause: error,
    });
  });
  const [inputName = ''] = session.inputNames;
  return {
    async run(input, shape) {
      const tensor =
        input instanceof Float32Array
          ? new Tensor('float32', input, shape)
          : new Tensor('uint8', input, shape);
      const outputs = await session.run({ [inputName]: tensor });
      const entries = Object.entries(outputs).map(([name, value]): [string, OnnxOutput] => {
        if (!(value.data instanceof Float32Array)) throw new Error(`${name} is no float32`);
        return [name, { shape: value.dims, data: value.data }];
      });
      return new Map(entries);
    },
    release: () => session.release(),
  };
}

function openSession(model: string | Uint8Array, options: SessionOptions) {
  const settings = {
    executionProviders: [options.device],
    graphOptimizationLevel: 'all' as const,
    intraOpNumThreads: options.threads ?? thisMachine().processors,
    logSeverityLevel: 3 as const,
  };
  return typeof model === 'string'
    ? InferenceSession.create(model, settings)
    : InferenceSession.create(model, settings);
}

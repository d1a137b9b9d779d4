import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, unavailableError } from '../../base/errors.ts';
import { thisMachine } from '../../base/machine.ts';
import { type Shape, sizeOf } from '../../base/tensor.ts';
import type { OnnxModel } from '../../formats/onnx-model.ts';
import { encodeOnnx } from '../../formats/onnx-proto.ts';
import { expectDevice } from './devices.ts';

/** A tensor that the runtime reads or writes in place. */
export interface Buffer32 {
  readonly shape: Shape;
  readonly data: Float32Array;
}

export interface PixelBuffer {
  readonly shape: Shape;
  readonly data: Uint8Array;
}

export type Feeds = ReadonlyMap<string, Buffer32 | PixelBuffer>;
export type Fetches = ReadonlyMap<string, Buffer32>;

export interface SessionOptions {
  /** As the user names it: `cpu`. */
  readonly device: string;
  /** Threads of one operator; by default as many as the process may use. */
  readonly threads?: number;
  /**
   * Keep memory between runs (the default). Without, temporaries go back to the system at once:
   * slower for small ones, but a session with large ones that runs seldom holds nothing.
   */
  readonly keepMemory?: boolean;
  /**
   * Lay out the memory of all temporaries ahead, in one piece (the default). Without, large graphs
   * take a third less: memory is used again as soon as it is free.
   */
  readonly planMemory?: boolean;
  /** Refuse a graph of which the device leaves an operator to the CPU. */
  readonly strict?: boolean;
}

/** The version of ONNX Runtime. */
export const RUNTIME_VERSION = env.versions.node ?? 'unknown';

/** A compiled model. */
export interface Session {
  readonly inputs: ReadonlySet<string>;
  /** Runs the model; the results are written into the buffers of `fetches`. */
  run(feeds: Feeds, fetches: Fetches): Promise<void>;
  release(): Promise<void>;
}

/**
 * Waiting threads do not spin. Images are decoded on the same cores at the same time: spinning takes time
 * from that, and training on small images is half as fast again without it. Computing alone is equally fast
 * either way.
 */
const PATIENT = { intra_op: { allow_spinning: '0' } };

/** @throws VggtuneError (unavailable) when the runtime does not take the device or the model */
export async function createSession(model: OnnxModel, options: SessionOptions): Promise<Session> {
  expectDevice(options.device);
  // What goes wrong comes as an exception; the log would say it once more, on stderr.
  env.logLevel = 'fatal';
  const session = await InferenceSession.create(encodeOnnx(model), {
    executionProviders: [options.device],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: options.threads ?? thisMachine().processors,
    interOpNumThreads: 1,
    enableCpuMemArena: options.keepMemory ?? true,
    enableMemPattern: (options.keepMemory ?? true) && (options.planMemory ?? true),
    logSeverityLevel: 3,
    extra: { session: { ...PATIENT, ...(options.strict && { disable_cpu_ep_fallback: '1' }) } },
  }).catch((error: unknown) => {
    throw unavailableError(`onnxruntime-node did not take the graph "${model.name}"`, {
      found: messageOf(error),
      fix: 'reinstall onnxruntime-node in the version that vggtune asks for',
      cause: error,
    });
  });
  return {
    inputs: new Set(session.inputNames),
    run: async (feeds, fetches) => {
      await session.run(toTensors(feeds), toTensors(fetches));
    },
    release: () => session.release(),
  };
}

function toTensors(buffers: Feeds): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of buffers) {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`${name} of shape [${shape}] is given ${data.length} elements`);
    }
    tensors[name] =
      data instanceof Float32Array
        ? new Tensor('float32', data, shape)
        : new Tensor('uint8', data, shape);
  }
  return tensors;
}

import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { thisMachine } from '../../base/machine.ts';
import { type Shape, sizeOf } from '../../base/tensor.ts';
import type { OnnxModel } from '../../formats/onnx-model.ts';
import { encodeOnnx } from '../../formats/onnx-proto.ts';
import { deviceFailure, expectDevice, isLeftToCpu, refusedGraph } from './device-errors.ts';
import { traitsOf } from './devices.ts';

/** A tensor that the runtime reads or writes in place. */
export interface Buffer32 {
  readonly shape: Shape;
  readonly data: Float32Array;
}

export interface PixelBuffer {
  readonly shape: Shape;
  readonly data: Uint8Array;
}

/**
 * A tensor in the memory of the device. Nothing frees it but `release`, which must come before that of the session
 * that made it: the memory is the session's, and the garbage collector does not know of it.
 */
export interface DeviceTensor {
  readonly shape: Shape;
  /** The runtime's own handle. */
  readonly handle: Tensor;
  release(): void;
}

export type Feeds = ReadonlyMap<string, Buffer32 | PixelBuffer | DeviceTensor>;
export type Fetches = ReadonlyMap<string, Buffer32>;
/** Outputs that stayed on the device, by name; they belong to the caller. */
export type Residents = ReadonlyMap<string, DeviceTensor>;

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
  /** Refuse a graph of which the device leaves an operator to the CPU; where absent, the device's own rule. */
  readonly strict?: boolean;
  /** Called with the name of a graph of which the device leaves operators to the CPU. */
  readonly onFallback?: (graph: string) => void;
  /** Outputs that stay in the device's memory, where the runtime can bind such buffers. */
  readonly resident?: readonly string[];
  /**
   * Where the runtime writes a profile of a graph's runs, with the provider of each operator: how the path begins, which
   * must be another one for each session.
   */
  readonly profile?: (graph: string) => string;
}

/** The version of ONNX Runtime. */
export const RUNTIME_VERSION = env.versions.node ?? 'unknown';

/** A compiled model. */
export interface Session {
  readonly inputs: ReadonlySet<string>;
  /** Runs the model; results are written into the buffers of `fetches`, but for those that are resident. */
  run(feeds: Feeds, fetches: Fetches): Promise<Residents>;
  release(): Promise<void>;
}

/**
 * Waiting threads do not spin. Images are decoded on the same cores at the same time: spinning takes time
 * from that, and training on small images is half as fast again without it. Computing alone is equally fast
 * either way.
 */
const PATIENT = { intra_op: { allow_spinning: '0' } };

/**
 * Opens a session. Off the CPU every operator is asked to run on the device: where that cannot be, the graph is
 * refused, or, on devices whose gaps are not known, its name goes to `onFallback`.
 *
 * @throws VggtuneError (unavailable) when the runtime does not take the device or the model
 */
export async function createSession(model: OnnxModel, options: SessionOptions): Promise<Session> {
  const { device } = options;
  expectDevice(device);
  // What goes wrong comes as an exception; the log would say it once more, on stderr.
  env.logLevel = 'fatal';
  const bytes = encodeOnnx(model);
  const open = (strict: boolean) =>
    InferenceSession.create(bytes, settingsOf(model, options, strict));
  const isStrict = options.strict ?? device !== 'cpu';
  const session = await open(isStrict)
    .catch((error: unknown) => {
      const mayFallBack = options.strict === undefined && traitsOf(device).mayFallBack;
      if (!mayFallBack || !isLeftToCpu(error)) throw error;
      options.onFallback?.(model.name);
      return open(false);
    })
    .catch((error: unknown) => {
      throw refusedGraph(error, { device, graph: model.name });
    });
  return new OnnxSession(session, { device, graph: model.name, resident: residentOf(options) });
}

const residentOf = ({ device, resident = [] }: SessionOptions): readonly string[] =>
  traitsOf(device).bindsBuffers ? resident : [];

function settingsOf(
  model: OnnxModel,
  options: SessionOptions,
  strict: boolean,
): InferenceSession.SessionOptions {
  const { device, profile } = options;
  const stays = new Set(residentOf(options));
  const locations = model.outputs.map(({ name }): [string, 'gpu-buffer' | 'cpu'] => [
    name,
    stays.has(name) ? 'gpu-buffer' : 'cpu',
  ]);
  return {
    executionProviders: [device],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: options.threads ?? thisMachine().processors,
    interOpNumThreads: 1,
    enableCpuMemArena: options.keepMemory ?? true,
    enableMemPattern: (options.keepMemory ?? true) && (options.planMemory ?? true),
    logSeverityLevel: 4,
    ...(stays.size > 0 && { preferredOutputLocation: Object.fromEntries(locations) }),
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile(model.name) }),
    extra: { session: { ...PATIENT, ...(strict && { disable_cpu_ep_fallback: '1' }) } },
  };
}

interface SessionPlace {
  readonly device: string;
  readonly graph: string;
  readonly resident: readonly string[];
}

class OnnxSession implements Session {
  readonly inputs: ReadonlySet<string>;
  readonly #session: InferenceSession;
  readonly #where: { readonly device: string; readonly graph: string };
  readonly #resident: readonly string[];
  /** Inputs that take float32 where pixels are bytes elsewhere. */
  readonly #floats: ReadonlySet<string>;

  constructor(session: InferenceSession, { resident, ...where }: SessionPlace) {
    this.#session = session;
    this.#where = where;
    this.#resident = resident;
    this.inputs = new Set(session.inputNames);
    const floats = session.inputMetadata.filter((each) => each.isTensor && each.type === 'float32');
    this.#floats = new Set(floats.map(({ name }) => name));
  }

  async run(feeds: Feeds, fetches: Fetches): Promise<Residents> {
    const wanted: Record<string, Tensor | null> = {};
    for (const name of this.#resident) wanted[name] = null;
    for (const [name, buffer] of fetches) wanted[name] = toTensor(name, buffer, false);
    const results = await this.#session.run(this.#inputs(feeds), wanted).catch((error: unknown) => {
      throw deviceFailure(error, this.#where);
    });
    const residents = new Map<string, DeviceTensor>();
    for (const [name, tensor] of Object.entries(results)) {
      if (tensor.location === 'gpu-buffer') residents.set(name, deviceTensor(tensor));
      else bringHome(tensor, fetches.get(name));
    }
    return residents;
  }

  async release(): Promise<void> {
    this.#session.endProfiling();
    await this.#session.release();
  }

  #inputs(feeds: Feeds): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = {};
    for (const [name, feed] of feeds) {
      tensors[name] = 'handle' in feed ? feed.handle : toTensor(name, feed, this.#floats.has(name));
    }
    return tensors;
  }
}

function deviceTensor(handle: Tensor): DeviceTensor {
  return { shape: handle.dims, handle, release: () => handle.dispose() };
}

/** With buffers of the device among the outputs, the runtime gives the others back as new tensors. */
function bringHome({ data }: Tensor, fetch: Buffer32 | undefined): void {
  if (fetch === undefined || data === fetch.data) return;
  if (!(data instanceof Float32Array)) throw new Error('an output is no float32');
  fetch.data.set(data);
}

function toTensor(name: string, { shape, data }: Buffer32 | PixelBuffer, isFloat: boolean): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`${name} of shape [${shape}] is given ${data.length} elements`);
  }
  if (data instanceof Float32Array) return new Tensor('float32', data, shape);
  if (isFloat) return new Tensor('float32', Float32Array.from(data), shape);
  return new Tensor('uint8', data, shape);
}

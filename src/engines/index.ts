import { unavailableError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { explainNative } from '../base/native-library.ts';
import type { Engine } from './engine.ts';
import type { LookOptions } from './tensorflow/implementations.ts';

export const ENGINE_NAMES = ['onnx', 'tensorflow'] as const;

export interface EngineOptions extends LookOptions {
  /** Receives the choice, with its reason, as a note. */
  readonly emit?: Emit;
  /** Threads of one step of ONNX Runtime; by default one for each core of this process. */
  readonly threads?: number;
}

/** Devices that only one engine has, so that `auto` is decided by them. */
const OWNERS: Readonly<Record<string, (typeof ENGINE_NAMES)[number]>> = {
  gpu: 'tensorflow',
  js: 'tensorflow',
  cpu: 'onnx',
  cuda: 'onnx',
  webgpu: 'onnx',
  coreml: 'onnx',
  dml: 'onnx',
};

/**
 * Opens an engine on a device. `auto` in place of the engine is TensorFlow where it has a GPU that
 * works, and ONNX Runtime otherwise; a device by name never becomes another one.
 *
 * @param device `auto`; `gpu`, `cpu` or `js` of tensorflow; `cpu`, `cuda`, `webgpu`, `coreml` or `dml` of onnx
 * @throws VggtuneError (unavailable) when there is no such engine or device
 */
export async function openEngine(
  name: string,
  device: string,
  options: EngineOptions = {},
): Promise<Engine> {
  switch (name) {
    case 'onnx':
      return openOnnx(device, options);
    case 'tensorflow':
      return openTensorFlow(device, options);
    case 'auto':
      if (device === 'auto') return openBest(options);
      return OWNERS[device] === 'tensorflow'
        ? openTensorFlow(device, options)
        : openOnnx(device, options);
    default:
      throw unavailableError(`there is no engine "${name}"`, {
        expected: ['auto', ...ENGINE_NAMES].join(', '),
        found: name,
        where: 'engine',
        fix: 'use --engine onnx',
      });
  }
}

// Each engine is loaded when it is asked for: their packages take time and memory.

async function openOnnx(device: string, { threads, emit }: EngineOptions): Promise<Engine> {
  const { createOnnxEngine } = await import('./onnx/index.ts').catch((error: unknown) => {
    throw explainNative(error);
  });
  const given = threads === undefined ? {} : { threads };
  const onFallback = (graph: string) => {
    const message = `${device} leaves operators of the graph "${graph}" to the CPU: it is slower than it could be`;
    emit?.({ type: 'note', message });
  };
  return createOnnxEngine({ ...given, onFallback, device: device === 'auto' ? 'cpu' : device });
}

async function openTensorFlow(device: string, options: EngineOptions): Promise<Engine> {
  const { createTensorFlowEngine } = await import('./tensorflow/index.ts');
  return createTensorFlowEngine({ ...options, device });
}

async function openBest({ emit, threads, ...look }: EngineOptions): Promise<Engine> {
  const { findGpu } = await import('./tensorflow/index.ts');
  const { engine, why } = await findGpu(look);
  const chosen = engine ?? (await openOnnx('cpu', threads === undefined ? {} : { threads }));
  emit?.({ type: 'note', message: `engine: ${chosen.name} on ${chosen.device}; ${why}` });
  return chosen;
}

/** One way to compute on this machine, for a report. */
export interface EngineReport {
  readonly engine: (typeof ENGINE_NAMES)[number];
  /** Absent where the package fails before it has a device. */
  readonly device?: string;
  readonly package: string;
  readonly version?: string;
  readonly state: 'works' | 'broken' | 'absent';
  /** The reason and the remedy; present where the device does not work. */
  readonly reason?: string;
  readonly cure?: string;
}

/** Tries every device of ONNX Runtime and every package of TensorFlow. It never throws. */
export async function probeEngines(options: LookOptions = {}): Promise<readonly EngineReport[]> {
  const { probeDevices } = await import('./onnx/index.ts');
  const { survey } = await import('./tensorflow/index.ts');
  const onnx = (await probeDevices()).map((report) => ({ engine: 'onnx', ...report }) as const);
  const tensorflow = (await survey(options)).map(
    ({ trouble, ...report }) => ({ engine: 'tensorflow', ...report, ...trouble }) as const,
  );
  return [...onnx, ...tensorflow];
}

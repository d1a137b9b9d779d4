import { diagnose, isAbsent, type Trouble } from './diagnose.ts';
import type { TensorFlow } from './tensorflow.ts';

/** The packages, in the order in which they are looked for. */
export const GPU_PACKAGE = '@tensorflow/tfjs-node-gpu';
export const CPU_PACKAGE = '@tensorflow/tfjs-node';
export const JS_PACKAGE = '@tensorflow/tfjs';
export const PACKAGES = [GPU_PACKAGE, CPU_PACKAGE, JS_PACKAGE] as const;
export type PackageName = (typeof PACKAGES)[number];

/** Where a package computes. */
export type TensorFlowDevice = 'gpu' | 'cpu' | 'js';

/** Loads a package; tests give another one. */
export type ImportPackage = (name: string) => Promise<unknown>;

export type Finding =
  | { readonly package: PackageName; readonly state: 'absent' }
  | { readonly package: PackageName; readonly state: 'broken'; readonly trouble: Trouble }
  | {
      readonly package: PackageName;
      readonly state: 'works';
      readonly device: TensorFlowDevice;
      readonly version: string;
      readonly tf: TensorFlow;
    };

export interface LookOptions {
  readonly importPackage?: ImportPackage;
  /** As `process.version`. */
  readonly node?: string;
}

/** Loads a package and runs a small computation with it, since some fail only then. */
export async function look(name: PackageName, options: LookOptions = {}): Promise<Finding> {
  const { importPackage = importByName, node = process.version } = options;
  try {
    const tf = namespaceOf(await importPackage(name));
    await tf.ready();
    if (name === JS_PACKAGE) await tf.setBackend('cpu');
    // Checks of shapes and hints about faster packages, which are this engine's own business.
    tf.enableProdMode();
    compute(tf);
    const device = name === JS_PACKAGE ? 'js' : usesGpu(tf) ? 'gpu' : 'cpu';
    return { package: name, state: 'works', device, version: tf.version_core, tf };
  } catch (error) {
    const failure = { package: name, error, node };
    if (isAbsent(failure)) return { package: name, state: 'absent' };
    return { package: name, state: 'broken', trouble: diagnose(failure) };
  }
}

/** None of the packages need be installed, so their names are not known to the compiler. */
function importByName(name: string): Promise<unknown> {
  return import(name);
}

/** The packages are CommonJS: everything is on the default export. */
function namespaceOf(module: unknown): TensorFlow {
  const inner = isRecord(module) && isRecord(module.default) ? module.default : module;
  if (!isTensorFlow(inner)) throw new Error('the package does not export what TensorFlow.js does');
  return inner;
}

function isTensorFlow(module: unknown): module is TensorFlow {
  const expected = ['tidy', 'variableGrads', 'layers', 'setBackend', 'ready'];
  return isRecord(module) && expected.every((key) => key in module);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}

function compute(tf: TensorFlow): void {
  const sum = tf.tidy(() => {
    const nine = new Float32Array(9).fill(1);
    const [image, kernel] = [tf.tensor4d(nine, [1, 3, 3, 1]), tf.tensor4d(nine, [3, 3, 1, 1])];
    return tf.conv2d(image, kernel, 1, 'valid').dataSync()[0];
  });
  if (sum !== 9) throw new Error(`a convolution of nine ones gives ${sum}`);
}

/**
 * Whether the package computes on a GPU: the native backend says so, and the JavaScript one has no such
 * field.
 */
function usesGpu(tf: TensorFlow): boolean {
  const backend: unknown = tf.backend();
  return isRecord(backend) && backend.isUsingGpuDevice === true;
}

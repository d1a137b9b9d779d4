import type { Emit } from '../../base/events.ts';
import type { Engine } from '../engine.ts';
import { describeMiss, type Found, findTensorFlow, type Miss, search } from './find.ts';
import { compileForward } from './forward-program.ts';
import type { LookOptions } from './implementations.ts';
import { compileLinear } from './linear-program.ts';
import { compileTraining } from './training-program.ts';

export { type PackageReport, survey } from './find.ts';

export interface TensorFlowOptions extends LookOptions {
  /** `auto`, `gpu`, `cpu` or `js`. */
  readonly device: string;
  readonly emit?: Emit;
}

/**
 * The engine that builds layers models of TensorFlow.js, and drives the training step itself.
 * @throws VggtuneError (unavailable) when no package works on the device
 */
export async function createTensorFlowEngine(options: TensorFlowOptions): Promise<Engine> {
  const { device, emit, ...look } = options;
  const { found, misses } = await findTensorFlow(device, look);
  emit?.({ type: 'note', message: describeChoice(found, misses) });
  return engineOf(found);
}

/** Opens the engine on a GPU where one works, and says why or why not. It never throws. */
export async function findGpu(
  options: LookOptions = {},
): Promise<{ readonly engine?: Engine; readonly why: string }> {
  const { found, misses } = await search('gpu', options);
  if (found !== undefined) return { engine: engineOf(found), why: `${found.package} sees a GPU` };
  return { why: `no TensorFlow GPU (${misses.map(describeMiss).join('; ')})` };
}

/** The engine over a package that was found. */
function engineOf({ tf, device, version }: Found): Engine {
  return {
    name: 'tensorflow',
    device,
    version,
    compileForward: async (request) => compileForward(tf, request),
    compileTraining: async (request) => compileTraining(tf, request),
    compileLinear: async (request) => compileLinear(tf, request),
  };
}

function describeChoice(found: Found, misses: readonly Miss[]): string {
  const chosen = `engine: tensorflow on ${found.device} (${found.package} ${found.version})`;
  return misses.length === 0 ? chosen : `${chosen}; not ${misses.map(describeMiss).join('; ')}`;
}

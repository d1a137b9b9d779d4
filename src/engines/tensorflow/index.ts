import type { Emit } from '../../base/events.ts';
import type { Engine } from '../engine.ts';
import { type Found, findTensorFlow } from './find.ts';
import { compileForward } from './forward-program.ts';
import type { LookOptions } from './implementations.ts';
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
  const { found, passedOver } = await findTensorFlow(device, look);
  emit?.({ type: 'note', message: describeChoice(found, passedOver) });
  return engineOf(found);
}

/** The engine over a package that was found. */
export function engineOf({ tf, device }: Found): Engine {
  return {
    name: 'tensorflow',
    device,
    compileForward: async (request) => compileForward(tf, request),
    compileTraining: async (request) => compileTraining(tf, request),
  };
}

function describeChoice(found: Found, passedOver: readonly string[]): string {
  const chosen = `engine: tensorflow on ${found.device} (${found.package} ${found.version})`;
  return passedOver.length === 0 ? chosen : `${chosen}; not used: ${passedOver.join('; ')}`;
}

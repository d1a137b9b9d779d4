import { unavailableError } from '../base/errors.ts';
import type { Engine } from './engine.ts';

/** Engines by name; each is loaded when it is asked for. `auto` is the first. */
const ENGINES: Readonly<Record<string, (device: string) => Promise<Engine>>> = {
  onnx: async (device) => (await import('./onnx/index.ts')).createOnnxEngine({ device }),
};

export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

/** @throws VggtuneError (unavailable) when there is no such engine or device */
export async function openEngine(name: string, device: string): Promise<Engine> {
  const open = ENGINES[name === 'auto' ? 'onnx' : name];
  if (open === undefined) {
    throw unavailableError(`there is no engine "${name}"`, {
      expected: ['auto', ...ENGINE_NAMES].join(', '),
      found: name,
      where: 'engine',
      fix: 'use --engine onnx',
    });
  }
  return open(device);
}

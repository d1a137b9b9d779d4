import type { NamedTensors } from '../base/tensor.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { type ModelDescription, toMetadata } from './metadata.ts';

/** Writes every tensor under its canonical name, in canonical layout, with the description. */
export async function exportSafetensors(
  path: string,
  model: { readonly description: ModelDescription; readonly weights: NamedTensors },
): Promise<void> {
  await writeSafetensors(path, model.weights, toMetadata(model.description));
}

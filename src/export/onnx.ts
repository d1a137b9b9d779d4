import { writeFileAtomic } from '../base/atomic-file.ts';
import { type ModelDescription, toMetadata } from './metadata.ts';

/**
 * Writes the network as an ONNX model: uint8 RGB [N, size, size, 3] in, probabilities out, with
 * labels and preprocessing in its metadata.
 *
 * @param emitModel the engine's emitter, which this room does not know
 */
export async function exportOnnx(
  path: string,
  description: ModelDescription,
  emitModel: (metadata: Readonly<Record<string, string>>) => Uint8Array,
): Promise<void> {
  await writeFileAtomic(path, emitModel(toMetadata(description)));
}

import { writeFileAtomic } from '../base/atomic-file.ts';
import type { NamedTensors } from '../base/tensor.ts';
import { encodeOnnx } from '../formats/onnx-proto.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { type ModelDescription, toMetadata } from './metadata.ts';
import { onnxNetwork } from './onnx-network.ts';

/**
 * Writes the network as an ONNX model: uint8 RGB [N, size, size, 3] in, probabilities out, with
 * labels and preprocessing in its metadata.
 */
export async function exportOnnx(
  path: string,
  model: {
    readonly description: ModelDescription;
    readonly network: NetworkSpec;
    readonly weights: NamedTensors;
  },
): Promise<void> {
  const metadata = toMetadata(model.description);
  const onnx = onnxNetwork(model, { input: 'pixels', batchNorms: 'folded', metadata });
  await writeFileAtomic(path, encodeOnnx(onnx));
}

import type { NamedTensors } from '../base/tensor.ts';
import type { OnnxModel } from '../formats/onnx-model.ts';
import { type Folded, foldBatchNorms } from '../network/fold-batch-norm.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { OnnxBuilder } from './onnx-builder.ts';
import { addLayer, addNormalised, addPixels, addSoftmax } from './onnx-layers.ts';

export interface OnnxNetworkOptions {
  /** `image`, uint8 RGB [batch, size, size, 3], or `normalised`, float32 [batch, 3, size, size]. */
  readonly input: 'pixels' | 'normalised';
  /** Whether batch norms go into the convolutions before them, or stay layers of their own. */
  readonly batchNorms: 'folded' | 'kept';
  /** What readers find in `metadata_props`: labels, preprocessing. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A network in inference mode, layer by layer with its own names: standard operators alone (opset 17, IR
 * 8), any number of images. The output is `probabilities`, float32 [batch, classes].
 */
export function onnxNetwork(
  { network, weights }: { readonly network: NetworkSpec; readonly weights: NamedTensors },
  { input, batchNorms, metadata }: OnnxNetworkOptions,
): OnnxModel {
  const b = new OnnxBuilder();
  const { preprocessing, classes, layers } = network;
  const { size } = preprocessing;
  const folded: Folded =
    batchNorms === 'folded'
      ? foldBatchNorms(network, weights, { from: 0, to: layers.length, taps: [] })
      : { layers: new Set(), weights };
  let x = input === 'pixels' ? addPixels(b, preprocessing, size) : addNormalised(b, size);
  layers.forEach((layer, index) => {
    if (folded.layers.has(index)) return;
    const side = network.shapes[index - 1]?.[1] ?? size;
    x = addLayer(b, x, { layer, weights: folded.weights, side });
  });
  addSoftmax(b, x, classes);
  return b.model(network.backbone, metadata);
}

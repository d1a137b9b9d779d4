import type { NamedTensors } from '../../base/tensor.ts';
import { encodeOnnx } from '../../formats/onnx-proto.ts';
import { foldBatchNorms, tensorOf } from '../../network/fold-batch-norm.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { Graph } from './graph.ts';
import { addRows, addStretch } from './layers.ts';
import { lower } from './lower.ts';
import type { Value } from './operator.ts';

export interface ForwardGraphOptions {
  readonly network: NetworkSpec;
  readonly from: number;
  readonly to: number;
  readonly weights: NamedTensors;
  readonly taps?: readonly number[];
  readonly softmax?: boolean;
  readonly carry?: boolean;
  /** Default: 1, for a model whose first axis is left open. */
  readonly rows?: number;
  readonly inputName: string;
  readonly outputName: string;
}

export const tapName = (boundary: number) => `tap${boundary}`;

/** A stretch in inference mode with its weights as constants and batch norms folded away. */
export function forwardGraph(options: ForwardGraphOptions): Graph {
  const { network, from, to, taps = [], carry = false, inputName, outputName } = options;
  const graph = new Graph();
  const folded = foldBatchNorms(network, options.weights, { from, to, taps });
  const constants = new Map<string, Value>();
  const parameter = (name: string): Value => {
    const value = constants.get(name) ?? graph.constant(name, tensorOf(folded.weights, name));
    constants.set(name, value);
    return value;
  };
  const input = addRows(graph, options, { name: inputName, rows: options.rows ?? 1 });
  const stretch = addStretch(graph, input, {
    network,
    from,
    to,
    taps,
    carry,
    parameter,
    folded: folded.layers,
  });
  const { output } = stretch;
  graph.output(outputName, options.softmax ? graph.add('softmax', [output], {}) : output);
  for (const [boundary, value] of stretch.taps) graph.output(tapName(boundary), value);
  return graph;
}

export interface ForwardModelOptions {
  readonly network: NetworkSpec;
  readonly weights: NamedTensors;
  /** Default: true, so that the output is probabilities. */
  readonly softmax?: boolean;
  /** Default: `image`, uint8 RGB [batch, size, size, 3]. */
  readonly inputName?: string;
  /** Default: `probabilities`, or `logits` without softmax: float32 [batch, classes]. */
  readonly outputName?: string;
  /** What readers find in `metadata_props`: labels, preprocessing. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A whole network as the bytes of an `.onnx` file: standard operators alone (opset 17, IR 8),
 * any number of images, preprocessing inside.
 */
export function emitForwardModel(options: ForwardModelOptions): Uint8Array {
  const { network, weights, softmax = true, metadata = {} } = options;
  const inputName = options.inputName ?? 'image';
  const outputName = options.outputName ?? (softmax ? 'probabilities' : 'logits');
  const stretch = { network, weights, from: 0, to: network.layers.length };
  const graph = forwardGraph({ ...stretch, softmax, inputName, outputName });
  return encodeOnnx(
    lower(graph, { name: network.backbone, metadata, openBatch: [inputName, outputName] }),
  );
}

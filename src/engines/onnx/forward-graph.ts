import { foldBatchNorms, tensorOf } from '../../network/fold-batch-norm.ts';
import type { ForwardRequest } from '../engine.ts';
import { Graph } from './graph.ts';
import { addLayerRange, addRows } from './layers.ts';
import type { Value } from './operator.ts';

export interface ForwardGraphOptions extends Omit<ForwardRequest, 'batchSize'> {
  /** Default: 1, for a model whose first axis is left open. */
  readonly rows?: number;
  readonly inputName: string;
  readonly outputName: string;
}

export const tapName = (boundary: number) => `tap${boundary}`;

/**
 * Builds a layer range in inference mode, with its weights as constants and batch norms folded into
 * convolutions.
 */
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
  const layerRange = addLayerRange(graph, input, {
    network,
    from,
    to,
    taps,
    carry,
    parameter,
    folded: folded.layers,
  });
  const { output } = layerRange;
  graph.output(outputName, options.softmax ? graph.add('softmax', [output], {}) : output);
  for (const [boundary, value] of layerRange.taps) graph.output(tapName(boundary), value);
  return graph;
}

import {
  IR_VERSION,
  type OnnxModel,
  type OnnxValue,
  OPSET_VERSION,
} from '../../formats/onnx-model.ts';
import type { Graph } from './graph.ts';
import { type Lowering, STANDARD } from './lowering.ts';
import { ModelEmitter } from './model-emitter.ts';
import type { EmitRule, Emitter, Node, OpName, Value } from './operator.ts';
import { operatorOf } from './table.ts';

export interface LoweringOptions {
  readonly name: string;
  readonly lowering?: Lowering;
  /** Inputs and outputs whose first axis is left open, under the name `batch`. */
  readonly openBatch?: readonly string[];
  /** Inputs whose conversions to other layouts go into a model of their own. */
  readonly prepared?: ReadonlySet<string>;
}

/** A model, and the one that converts some of its inputs. */
export interface PreparedModel {
  readonly model: OnnxModel;
  /** From inputs in the plain layout to further inputs of the model; absent if there are none. */
  readonly preparation: OnnxModel | undefined;
}

/** Writes a graph as an ONNX model; nodes that no output depends on are left out. */
export function lower(graph: Graph, options: Omit<LoweringOptions, 'prepared'>): OnnxModel {
  return lowerPrepared(graph, options).model;
}

/**
 * The same in two models: what only converts the inputs `prepared` is not repeated at each run of
 * the main one. Weights that stay for many runs are converted once.
 */
export function lowerPrepared(graph: Graph, options: LoweringOptions): PreparedModel {
  const lowering = options.lowering ?? STANDARD;
  const live = liveNodes(graph);
  const emitter = new ModelEmitter(graph, { lowering, live, prepared: options.prepared });
  for (const node of live) emitNode(emitter, node, lowering);
  emitter.bindOutputs();
  const describe = ([name, value]: readonly [string, Value]): OnnxValue => ({
    name,
    type: value.dtype === 'uint8' ? (lowering.pixels ?? 'uint8') : value.dtype,
    shape: options.openBatch?.includes(name) ? ['batch', ...value.shape.slice(1)] : value.shape,
  });
  const common = {
    irVersion: IR_VERSION,
    opsets: { '': OPSET_VERSION, ...lowering.domains },
    producer: { name: 'vggtune', version: '' },
  };
  const model: OnnxModel = {
    ...common,
    ...emitter.main,
    metadata: {},
    name: options.name,
    inputs: [...[...graph.inputs].map(describe), ...emitter.prepared],
    outputs: [...graph.outputs].map(describe),
  };
  if (emitter.prepared.length === 0) return { model, preparation: undefined };
  const preparation: OnnxModel = {
    ...common,
    ...emitter.preparation,
    metadata: {},
    name: `${options.name} preparation`,
    inputs: [...graph.inputs].filter(([, value]) => emitter.converted.has(value)).map(describe),
    outputs: emitter.prepared,
  };
  return { model, preparation };
}

function liveNodes(graph: Graph): Node[] {
  const wanted = new Set<Value>(graph.outputs.values());
  const live = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => wanted.has(output))) return false;
    for (const input of node.inputs) if (input !== undefined) wanted.add(input);
    return true;
  });
  return live.reverse();
}

function emitNode<K extends OpName>(emitter: Emitter, node: Node<K>, lowering: Lowering): void {
  const rules: { readonly [N in OpName]?: EmitRule<N> } = lowering.rules;
  const rule: EmitRule<K> = rules[node.op] ?? operatorOf(node.op).emit;
  rule(emitter, node);
}

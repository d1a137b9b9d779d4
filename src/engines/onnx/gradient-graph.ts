import { isStatistic } from '../../network/parameters.ts';
import type { Layer } from '../../network/spec.ts';
import type { TrainingPlan } from '../training-plan.ts';
import { addGradients } from './backward.ts';
import { Graph } from './graph.ts';
import { addLayerRange, addRows } from './layers.ts';
import { addCrossEntropy } from './losses.ts';
import type { Value } from './operator.ts';
import * as names from './training-names.ts';

export interface GradientGraphOptions {
  /** Rows of one pass. */
  readonly rows: number;
  /** Whether gradients are added to those that come in, instead of being written. */
  readonly accumulate: boolean;
}

/**
 * The first graph of a step: rows, targets, weights of the rows, masks, parameters and statistics
 * in; the loss, the logits, gradients (or accumulators) and statistics out.
 */
export function gradientGraph(plan: TrainingPlan, options: GradientGraphOptions): Graph {
  const { network, from } = plan;
  const graph = new Graph();
  const input = addRows(graph, plan, { name: names.ROWS, rows: options.rows });
  const parameters = new Map<string, Value>();
  for (const [name, shape] of plan.shapes) parameters.set(name, graph.input(name, shape));
  const { output: logits, statistics } = addLayerRange(graph, input, {
    network,
    from,
    to: network.layers.length,
    parameter: (name) => lookUp(parameters, name),
    mask: (name) => graph.input(names.maskName(name), maskShape(plan, name, options.rows)),
    usesBatchStatistics: (layer) => plan.trainedBatchNorms.has(layer.name),
  });
  const loss = addCrossEntropy(
    graph,
    {
      logits,
      targets: graph.input(names.TARGETS, [options.rows, network.classes]),
      rowWeights: graph.input(names.ROW_WEIGHTS, [options.rows, 1]),
    },
    plan.loss,
  );
  const trained = plan.trained.map((name) => lookUp(parameters, name));
  const gradients = addGradients(graph, loss, trained);
  graph.output(names.LOSS, loss);
  graph.output(names.LOGITS, logits);
  plan.trained.forEach((name, index) => {
    const gradient = gradients[index];
    if (gradient !== undefined) outputGradient(graph, { name, gradient, ...options });
  });
  for (const [name, value] of statistics) graph.output(names.newName(name), value);
  return graph;
}

/** Logits in inference mode with the weights as inputs. */
export function predictionGraph(plan: TrainingPlan, rows: number): Graph {
  const { network, from } = plan;
  const graph = new Graph();
  const input = addRows(graph, plan, { name: names.ROWS, rows });
  const parameters = new Map<string, Value>();
  for (const [name, shape] of plan.shapes) parameters.set(name, graph.input(name, shape));
  const parameter = (name: string) => lookUp(parameters, name);
  const layerRange = { network, from, to: network.layers.length, parameter };
  graph.output(names.LOGITS, addLayerRange(graph, input, layerRange).output);
  return graph;
}

function outputGradient(
  graph: Graph,
  { name, gradient, accumulate }: { name: string; gradient: Value; accumulate: boolean },
): void {
  const output = names.gradientName(name);
  if (!accumulate) {
    graph.output(output, gradient);
    return;
  }
  const accumulator = graph.input(output, gradient.shape);
  graph.output(names.newName(output), accumulated(graph, gradient, accumulator));
}

/** A matrix product takes the accumulator into its own loop: fc6 alone would need 411 MB more. */
function accumulated(graph: Graph, gradient: Value, accumulator: Value): Value {
  const product = gradient.producer;
  if (product?.op === 'matmul') {
    const [a, b, addend] = product.inputs as readonly (Value | undefined)[];
    if (a !== undefined && b !== undefined && addend === undefined) {
      const attributes = product.attributes as { transposeA: boolean; transposeB: boolean };
      return graph.add('matmul', [a, b, accumulator], attributes);
    }
  }
  return graph.add('add', [accumulator, gradient], {});
}

function maskShape(plan: TrainingPlan, name: string, rows: number): number[] {
  const index = plan.network.layers.findIndex((layer: Layer) => layer.name === name);
  return [rows, ...(plan.network.shapes[index] ?? [])];
}

function lookUp(parameters: ReadonlyMap<string, Value>, name: string): Value {
  const value = parameters.get(name);
  const what = isStatistic(name) ? 'statistic' : 'parameter';
  if (value === undefined) throw new Error(`the trained layers have no ${what} ${name}`);
  return value;
}

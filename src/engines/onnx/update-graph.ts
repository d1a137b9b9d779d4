import { slotName, slotNames } from '../optimizer-slots.ts';
import type { TrainingPlan } from '../training-plan.ts';
import { Graph } from './graph.ts';
import type { Value } from './operator.ts';
import { addUpdate, scalarNames } from './optimizers.ts';
import * as names from './training-names.ts';

/**
 * The second graph of a step: parameters, their gradients, slots, and each group's numbers of the
 * step in; parameters and slots out.
 */
export function updateGraph(plan: TrainingPlan): Graph {
  const graph = new Graph();
  const gradients = new Map<string, Value>();
  for (const name of plan.trained) {
    gradients.set(name, graph.input(names.gradientName(name), plan.shapes.get(name) ?? []));
  }
  const factor = clipFactor(graph, [...gradients.values()], plan.clipNorm);
  plan.groups.forEach((group, index) => {
    const scalars = new Map(
      scalarNames(plan.optimizer).map((scalar) => [
        scalar,
        graph.input(names.scalarName(index, scalar), []),
      ]),
    );
    const scalar = (name: string): Value => {
      const found = [...scalars].find(([known]) => known === name);
      if (found === undefined) throw new Error(`${plan.optimizer.kind} has no scalar ${name}`);
      return found[1];
    };
    for (const name of group.parameters) {
      const gradient = gradients.get(name);
      if (gradient === undefined) throw new Error(`no gradient for ${name}`);
      const clipped = factor === undefined ? gradient : graph.add('mul', [gradient, factor], {});
      const { weightDecay } = group;
      addParameter(graph, plan, { name, gradient: clipped, scalar, weightDecay });
    }
  });
  return graph;
}

interface ParameterUpdate {
  readonly name: string;
  readonly gradient: Value;
  readonly scalar: (name: string) => Value;
  readonly weightDecay: number;
}

function addParameter(graph: Graph, plan: TrainingPlan, update: ParameterUpdate): void {
  const { name, gradient, scalar, weightDecay } = update;
  const shape = plan.shapes.get(name) ?? [];
  const slots = slotNames(plan.optimizer).map((slot) => slotName(name, slot));
  const updated = addUpdate(graph, plan.optimizer, {
    parameter: graph.input(name, shape),
    gradient,
    slots: slots.map((slot) => graph.input(slot, shape)),
    scalar,
    weightDecay,
  });
  graph.output(names.newName(name), updated.parameter);
  slots.forEach((slot, index) => {
    const value = updated.slots[index];
    if (value !== undefined) graph.output(names.newName(slot), value);
  });
}

/** min(1, limit / (norm + 1e-6)) with the norm over all gradients, as `clip_grad_norm_`. */
function clipFactor(
  graph: Graph,
  gradients: readonly Value[],
  limit: number | undefined,
): Value | undefined {
  if (limit === undefined) return undefined;
  const squares = gradients.map((gradient) => sumOfSquares(graph, gradient));
  const total = squares.reduce((sum, square) => graph.add('add', [sum, square], {}));
  const norm = graph.add('sqrt', [total], {});
  const ratio = graph.add(
    'div',
    [graph.scalar(limit), graph.add('add', [norm, graph.scalar(1e-6)], {})],
    {},
  );
  return graph.add('min', [ratio, graph.scalar(1)], {});
}

/** In two stages, rows first: one float32 sum over 10^8 squares would lose digits. */
function sumOfSquares(graph: Graph, gradient: Value): Value {
  const inner = gradient.shape.slice(1).map((_, axis) => axis + 1);
  if (inner.length === 0) {
    return graph.add('reduceSumSquare', [gradient], { axes: [0], keepDims: false });
  }
  const rows = graph.add('reduceSumSquare', [gradient], { axes: inner, keepDims: false });
  return graph.add('reduceSum', [rows], { axes: [0], keepDims: false });
}

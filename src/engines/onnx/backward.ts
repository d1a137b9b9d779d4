import { sameShape } from '../../base/tensor.ts';
import { firstOutput, type Graph } from './graph.ts';
import type { GradientContext, InputGradient, Node, OpName, Value } from './operator.ts';
import { operatorOf } from './table.ts';

/**
 * Adds the gradients of a scalar with respect to the targets, by one walk backwards over the nodes
 * that lie between them (reverse-mode differentiation). Nothing is built for a value that no target
 * depends on.
 *
 * @returns one gradient a target, in the target's shape, labelled `NAME_grad`
 * @throws Error where a path leads through an operator that forbids it, or to no target at all
 */
export function addGradients(graph: Graph, loss: Value, targets: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) throw new Error(`the loss is no scalar but [${loss.shape}]`);
  const between = dependents(graph, targets);
  const gradients = new Map<Value, Value>([[loss, graph.scalar(1)]]);
  for (const node of [...graph.nodes].reverse()) {
    const dy = gradients.get(firstOutput(node));
    if (dy !== undefined) walkBack(graph, node, { dy, between, gradients });
  }
  return targets.map((target) => {
    const gradient = gradients.get(target);
    if (gradient === undefined) {
      throw new Error(`the loss does not depend on ${graph.nameOf(target)}`);
    }
    return graph.label(gradient, `${graph.nameOf(target)}_grad`);
  });
}

/** The targets, and every value that depends on one. */
function dependents(graph: Graph, targets: readonly Value[]): Set<Value> {
  const found = new Set(targets);
  for (const { inputs, outputs } of graph.nodes) {
    if (!inputs.some((input) => input !== undefined && found.has(input))) continue;
    for (const output of outputs) found.add(output);
  }
  return found;
}

interface Walk {
  readonly dy: Value;
  readonly between: ReadonlySet<Value>;
  readonly gradients: Map<Value, Value>;
}

function walkBack<K extends OpName>(graph: Graph, node: Node<K>, walk: Walk): void {
  const context = { ...node, graph, dy: walk.dy, y: firstOutput(node) };
  node.inputs.forEach((input: Value | undefined, index) => {
    if (input === undefined || !walk.between.has(input)) return;
    const gradient = inputGradient(context, index);
    if (gradient === undefined) return;
    const share = unbroadcast(graph, gradient, input);
    const sum = walk.gradients.get(input);
    walk.gradients.set(input, sum === undefined ? share : graph.add('add', [sum, share], {}));
  });
}

function inputGradient<K extends OpName>(
  context: GradientContext<K>,
  index: number,
): Value | undefined {
  const { gradient } = operatorOf(context.op);
  const rule: InputGradient<K> | undefined =
    typeof gradient === 'string' ? gradient : (gradient as readonly InputGradient<K>[])[index];
  if (rule === 'zero') return undefined;
  if (rule === undefined || rule === 'forbidden') {
    throw new Error(`${context.op} passes no gradient to its input ${index}`);
  }
  return rule(context);
}

/** Sums a gradient over the axes along which its value was broadcast. */
function unbroadcast(graph: Graph, gradient: Value, { shape }: Value): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  const sum =
    axes.length === 0 ? gradient : graph.add('reduceSum', [gradient], { axes, keepDims: true });
  return sameShape(sum.shape, shape) ? sum : graph.add('reshape', [sum], { shape });
}

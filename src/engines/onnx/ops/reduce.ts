import { type Shape, sizeOf } from '../../../base/tensor.ts';
import type {
  Builder,
  Emitter,
  Node,
  Operator,
  ReduceAttributes,
  TensorType,
  Value,
} from '../operator.ts';
import { float } from './types.ts';

type Reduce = 'reduceSum' | 'reduceMean' | 'reduceSumSquare';

function reducedShape(shape: Shape, { axes, keepDims }: ReduceAttributes): Shape {
  if (keepDims) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return shape.filter((_, axis) => !axes.includes(axis));
}

function infer([x]: readonly [Value], attributes: ReduceAttributes): readonly TensorType[] {
  return float(reducedShape(x.shape, attributes));
}

/** Until opset 18, ReduceSum has its axes as an input and the others as an attribute. */
function emitReduce(e: Emitter, type: string, { inputs: [x], attributes, outputs }: Node<Reduce>) {
  const { axes, keepDims } = attributes;
  const keepdims = { int: keepDims ? 1 : 0 };
  const y = [e.write(outputs[0])];
  if (type === 'ReduceSum') {
    e.node(type, [e.read(x), e.ints(axes)], y, { attributes: { keepdims } });
  } else {
    e.node(type, [e.read(x)], y, { attributes: { axes: { ints: axes }, keepdims } });
  }
}

/** dy repeated over the axes that were summed. */
function spread(graph: Builder, dy: Value, x: Value, attributes: ReduceAttributes): Value {
  const shape = reducedShape(x.shape, { ...attributes, keepDims: true });
  return graph.add('expand', [graph.add('reshape', [dy], { shape })], { shape: x.shape });
}

export const reduceSum: Operator<'reduceSum'> = {
  infer,
  emit: (e, node) => emitReduce(e, 'ReduceSum', node),
  gradient: [({ graph, dy, inputs: [x], attributes }) => spread(graph, dy, x, attributes)],
};

export const reduceMean: Operator<'reduceMean'> = {
  infer,
  emit: (e, node) => emitReduce(e, 'ReduceMean', node),
  gradient: [
    ({ graph, dy, y, inputs: [x], attributes }) => {
      const share = graph.scalar(sizeOf(y.shape) / sizeOf(x.shape));
      return spread(graph, graph.add('mul', [dy, share], {}), x, attributes);
    },
  ],
};

/** Only used for the norm of a gradient, outside any loss. */
export const reduceSumSquare: Operator<'reduceSumSquare'> = {
  infer,
  emit: (e, node) => emitReduce(e, 'ReduceSumSquare', node),
  gradient: 'forbidden',
};

import type { Shape } from '../../../base/tensor.ts';
import type { EmitRule, Operator, OpName, TensorType, Value } from '../operator.ts';
import { expect, float } from './types.ts';

/**
 * Elementwise arithmetic with NumPy's broadcasting. The gradients come out in the shape of the
 * output; the backward pass sums them down to the shape of the input, in one place.
 */
type Binary = 'add' | 'sub' | 'mul' | 'div' | 'min';

function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    expect(x === y || x === 1 || y === 1, `[${a}] and [${b}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

const inferBinary = ([a, b]: readonly [Value, Value]): readonly TensorType[] =>
  float(broadcastShape(a.shape, b.shape));

const inferUnary = ([x]: readonly [Value]): readonly TensorType[] => float(x.shape);

/** One ONNX node with the same inputs and no attributes. */
function emitAs<K extends OpName>(type: string): EmitRule<K> {
  return (e, { inputs, outputs }) => {
    const names = inputs.map((input: Value | undefined) => e.read(input));
    e.node(type, names, [e.write(outputs[0])]);
  };
}

export const add: Operator<'add'> = {
  infer: inferBinary,
  emit: emitAs<Binary>('Add'),
  gradient: [({ dy }) => dy, ({ dy }) => dy],
};

export const sub: Operator<'sub'> = {
  infer: inferBinary,
  emit: emitAs<Binary>('Sub'),
  gradient: [({ dy }) => dy, ({ graph, dy }) => graph.add('mul', [dy, graph.scalar(-1)], {})],
};

export const mul: Operator<'mul'> = {
  infer: inferBinary,
  emit: emitAs<Binary>('Mul'),
  gradient: [
    ({ graph, dy, inputs: [, b] }) => graph.add('mul', [dy, b], {}),
    ({ graph, dy, inputs: [a] }) => graph.add('mul', [dy, a], {}),
  ],
};

/** d(a/b)/db = -(a/b)/b */
export const div: Operator<'div'> = {
  infer: inferBinary,
  emit: emitAs<Binary>('Div'),
  gradient: [
    ({ graph, dy, inputs: [, b] }) => graph.add('div', [dy, b], {}),
    ({ graph, dy, y, inputs: [, b] }) => {
      const quotient = graph.add('div', [y, b], {});
      const product = graph.add('mul', [dy, quotient], {});
      return graph.add('mul', [product, graph.scalar(-1)], {});
    },
  ],
};

/** Only used on norms, outside any loss. */
export const min: Operator<'min'> = {
  infer: inferBinary,
  emit: emitAs<Binary>('Min'),
  gradient: 'forbidden',
};

export const sqrt: Operator<'sqrt'> = {
  infer: inferUnary,
  emit: emitAs<'sqrt'>('Sqrt'),
  gradient: [
    ({ graph, dy, y }) => {
      const half = graph.add('mul', [dy, graph.scalar(0.5)], {});
      return graph.add('div', [half, y], {});
    },
  ],
};

export const exp: Operator<'exp'> = {
  infer: inferUnary,
  emit: emitAs<'exp'>('Exp'),
  gradient: [({ graph, dy, y }) => graph.add('mul', [dy, y], {})],
};

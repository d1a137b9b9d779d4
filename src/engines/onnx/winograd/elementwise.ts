import type { EmitRule, Layout, Value } from '../operator.ts';
import { maxPool, maxPoolGrad } from '../ops/max-pool.ts';
import { reduceSum } from '../ops/reduce.ts';
import { reluGrad } from '../ops/relu.ts';
import { POOLED, TILES } from './layouts.ts';
import { tileRows } from './tiling.ts';

const isTiled = (layout: Layout) => layout === TILES || layout === POOLED;

/** Keeps the layout of the input, since zero stays zero. */
export const emitRelu: EmitRule<'relu'> = (e, { inputs: [x], outputs: [y] }) => {
  const layout = e.layoutOf(x);
  e.node('Relu', [e.read(x, layout)], [e.write(y, layout)]);
};

/**
 * HardSigmoid(y) = max(0, min(1, α y)) with an α for which every positive float32 (denormals aside)
 * gives 1: the quickest way from y to 0 or 1, and in one operator.
 */
export const emitReluGrad: EmitRule<'reluGrad'> = (e, node) => {
  const [dy, y] = node.inputs;
  const layout = e.layoutOf(y);
  if (!isTiled(layout)) return reluGrad.emit(e, node);
  const positive = e.step('HardSigmoid', [e.read(y, layout)], {
    attributes: { alpha: { float: 3e38 }, beta: { float: 0 } },
  });
  e.node('Mul', [e.read(dy, layout), positive], [e.write(node.outputs[0], layout)]);
};

/** The four pixels of a window are the leading axis. Odd maps, whose last row is dropped, go back. */
export const emitMaxPool: EmitRule<'maxPool'> = (e, node) => {
  const [x] = node.inputs;
  const [y] = node.outputs;
  const [, channels = 1, height = 1, width = 1] = x.shape;
  const isEven = height % 2 === 0 && width % 2 === 0;
  if (node.attributes.size !== 2 || !isEven || e.layoutOf(x) !== TILES) {
    return maxPool.emit(e, node);
  }
  const windows = e.step('Reshape', [e.read(x, TILES), e.ints([4, -1])]);
  const maxima = e.step('ReduceMax', [windows], {
    attributes: { axes: { ints: [0] }, keepdims: { int: 1 } },
  });
  const { tiles } = tileRows(x.shape, 4);
  e.node('Reshape', [maxima, e.ints([4, tiles, channels])], [e.write(y, POOLED)]);
};

/** Each window's gradient goes to the first of its pixels that equals the maximum. */
export const emitMaxPoolGrad: EmitRule<'maxPoolGrad'> = (e, node) => {
  const [dy, x, y] = node.inputs;
  if (e.layoutOf(y) !== POOLED) return maxPoolGrad.emit(e, node);
  const windows = (name: string, count: number) => e.step('Reshape', [name, e.ints([count, -1])]);
  const maxima = windows(e.read(y, POOLED), 1);
  const equal = e.step('Equal', [windows(e.read(x, TILES), 4), maxima]);
  const split = [0, 1, 2, 3].map(() => e.fresh('equal'));
  e.node('Split', [equal], split, { attributes: { axis: { int: 0 } } });
  const [first = '', second = '', third = ''] = split;
  const not = (name: string) => e.step('Not', [name]);
  const either = e.step('Or', [first, second]);
  const winners = [
    first,
    e.step('And', [second, not(first)]),
    e.step('And', [third, not(either)]),
    not(e.step('Or', [either, third])),
  ];
  const winner = e.step('Concat', winners, { attributes: { axis: { int: 0 } } });
  const chosen = e.step('Cast', [winner], { attributes: { to: { int: 1 } } });
  const product = e.step('Mul', [chosen, windows(e.read(dy, POOLED), 1)]);
  const { places, tiles } = tileRows(x.shape, 4);
  const shape = e.ints([places, tiles, x.shape[1] ?? 1]);
  e.node('Reshape', [product, shape], [e.write(node.outputs[0], TILES)]);
};

/**
 * A bias's gradient, by a product with ones for each place: a reduction over the middle axis takes
 * twenty times as long.
 */
export const emitReduceSum: EmitRule<'reduceSum'> = (e, node) => {
  const [x] = node.inputs;
  const layout = e.layoutOf(x);
  const { axes, keepDims } = node.attributes;
  if (!isTiled(layout) || axes.join() !== '0,2,3' || keepDims) return reduceSum.emit(e, node);
  const { tiles } = tileRows(x.shape, layout === TILES ? 4 : 2);
  const ones = e.constant(`row of ones ${tiles}`, () => ({
    shape: [1, tiles],
    data: new Float32Array(tiles).fill(1),
  }));
  const sums = e.step('MatMul', [ones, e.read(x, layout)]);
  e.node('ReduceSum', [sums, e.ints([0, 1])], [e.write(node.outputs[0] as Value)], {
    attributes: { keepdims: { int: 0 } },
  });
};

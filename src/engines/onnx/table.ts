import type { Operator, OpName } from './operator.ts';
import { averagePool, averagePoolGrad, globalAveragePool } from './ops/average-pool.ts';
import { batchNorm, batchNormGrad } from './ops/batch-norm.ts';
import { conv, convInputGrad, convKernelGrad } from './ops/conv.ts';
import { add, div, exp, min, mul, sqrt, sub } from './ops/elementwise.ts';
import { dense, matmul } from './ops/matmul.ts';
import { maxPool, maxPoolGrad } from './ops/max-pool.ts';
import { normalise } from './ops/pixels.ts';
import { reduceMean, reduceSum, reduceSumSquare } from './ops/reduce.ts';
import { relu, reluGrad } from './ops/relu.ts';
import { concat, expand, flatten, reshape, slice, transpose, unflatten } from './ops/shape.ts';
import { logSoftmax, softmax } from './ops/softmax.ts';

/** Every operator: a new one without a shape rule, a lowering and a gradient does not compile. */
export const OPERATORS = {
  add,
  sub,
  mul,
  div,
  min,
  sqrt,
  exp,
  relu,
  reluGrad,
  reduceSum,
  reduceMean,
  reduceSumSquare,
  reshape,
  flatten,
  transpose,
  expand,
  concat,
  slice,
  unflatten,
  dense,
  matmul,
  conv,
  convInputGrad,
  convKernelGrad,
  maxPool,
  maxPoolGrad,
  averagePool,
  averagePoolGrad,
  globalAveragePool,
  batchNorm,
  batchNormGrad,
  logSoftmax,
  softmax,
  normalise,
} satisfies { [K in OpName]: Operator<K> };

const TABLE: { readonly [K in OpName]: Operator<K> } = OPERATORS;

/** The row of an operator, with its own types. */
export function operatorOf<K extends OpName>(op: K): Operator<K> {
  return TABLE[op];
}

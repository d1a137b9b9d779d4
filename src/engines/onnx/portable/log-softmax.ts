import type { EmitRule } from '../operator.ts';

/** x - max(x) - log Σ exp(x - max(x)) over the classes: the largest exponential is 1, so that none overflows. */
export const emitLogSoftmax: EmitRule<'logSoftmax'> = (e, { inputs: [logits], outputs: [y] }) => {
  const keepdims = { keepdims: { int: 1 } };
  const largest = e.step('ReduceMax', [e.read(logits)], {
    attributes: { axes: { ints: [-1] }, ...keepdims },
  });
  const shifted = e.step('Sub', [e.read(logits), largest]);
  const sum = e.step('ReduceSum', [e.step('Exp', [shifted]), e.ints([-1])], {
    attributes: keepdims,
  });
  e.node('Sub', [shifted, e.step('Log', [sum])], [e.write(y)]);
};

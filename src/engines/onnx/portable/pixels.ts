import type { EmitRule } from '../operator.ts';

/** Pixels that come in as float32: four times the bytes to carry over, and no arithmetic on bytes. */
export const emitNormalise: EmitRule<'normalise'> = (e, node) => {
  const { reverse, scale, shift } = node.attributes;
  const planes = e.step('Transpose', [e.read(node.inputs[0])], {
    attributes: { perm: { ints: [0, 3, 1, 2] } },
  });
  const order = scale.map((_, channel) => scale.length - 1 - channel);
  const ordered = reverse
    ? e.step('Gather', [planes, e.ints(order)], { attributes: { axis: { int: 1 } } })
    : planes;
  const shape = [1, scale.length, 1, 1];
  const scaled = e.step('Mul', [ordered, e.floats(scale, shape)]);
  e.node('Add', [scaled, e.floats(shift, shape)], [e.write(node.outputs[0])]);
};

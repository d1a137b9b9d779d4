import type { Operator } from '../operator.ts';
import { expect, expectType, float } from './types.ts';

/** uint8 pixels [N, H, W, C] to float32 [N, C, H, W]: cast, transpose, channel order, scale, shift. */
export const normalise: Operator<'normalise'> = {
  infer: ([pixels], { scale, shift }) => {
    expectType(pixels, 'uint8', 'normalise');
    const [n = 1, height = 1, width = 1, channels = 1] = pixels.shape;
    expect(scale.length === channels && shift.length === channels, 'one scale a channel');
    return float([n, channels, height, width]);
  },
  emit: (e, { inputs: [pixels], attributes: { reverse, scale, shift }, outputs: [y] }) => {
    // Transposed as bytes: a quarter of the memory traffic.
    const planes = e.step('Transpose', [e.read(pixels)], {
      attributes: { perm: { ints: [0, 3, 1, 2] } },
    });
    const order = scale.map((_, channel) => scale.length - 1 - channel);
    const ordered = reverse
      ? e.step('Gather', [planes, e.ints(order)], { attributes: { axis: { int: 1 } } })
      : planes;
    const floats = e.step('Cast', [ordered], { attributes: { to: { int: 1 } } });
    const shape = [1, scale.length, 1, 1];
    const scaled = e.step('Mul', [floats, e.floats(scale, shape)]);
    e.node('Add', [scaled, e.floats(shift, shape)], [e.write(y)]);
  },
  gradient: 'forbidden',
};

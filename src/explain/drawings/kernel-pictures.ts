import type { Tensor } from '../../base/tensor.ts';
import { html, type Markup } from '../../report/markup.ts';
import type { Drawing } from './svg.ts';

const CELL = 7;
const GAP = 4;

/**
 * The kernels of the first convolution as small pictures: what of red, green and blue each looks for. Grey is zero; each
 * kernel has its own scale, since it is the pattern that matters.
 * @param kernels [out, 3, k, k], for RGB
 */
export function kernelPictures({ shape, data }: Tensor): Drawing {
  const [count = 0, , side = 1] = shape;
  const step = side * CELL + GAP;
  const perRow = count > 32 ? 16 : 8;
  const rows = Math.ceil(count / perRow);
  const parts = Array.from({ length: count }, (_, at) => {
    const kernel = data.subarray(at * 3 * side ** 2, (at + 1) * 3 * side ** 2);
    const place = { x: (at % perRow) * step, y: Math.floor(at / perRow) * step };
    return picture(kernel, side, place);
  });
  return {
    width: Math.min(count, perRow) * step - GAP,
    height: rows * step - GAP,
    title: `The ${count} kernels of the first convolution, ${side} x ${side} pixels each, in colour`,
    parts,
  };
}

function picture(
  kernel: Float32Array,
  side: number,
  { x, y }: { readonly x: number; readonly y: number },
): Markup {
  const area = side ** 2;
  const most = kernel.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
  const level = (value = 0) => Math.round(127.5 * (1 + value / most));
  const cells = Array.from({ length: area }, (_, at) => {
    const colour = [0, 1, 2].map((channel) => level(kernel[channel * area + at])).join(' ');
    const left = x + (at % side) * CELL;
    const top = y + Math.floor(at / side) * CELL;
    return html`<rect x="${left}" y="${top}" width="${CELL}" height="${CELL}" style="fill:rgb(${colour})"/>`;
  });
  return html`${cells}`;
}

import type { EmitRule, Emitter, Value } from '../operator.ts';
import { conv, convInputGrad, convKernelGrad } from '../ops/conv.ts';
import {
  KERNEL_POINTS,
  POINTS,
  perm,
  SURROUNDINGS,
  shapeIn,
  TILES,
  TURNED_KERNEL_POINTS,
} from './layouts.ts';
import {
  GRADIENT_TRANSFORM,
  KERNEL_TRANSFORM,
  OUTPUT_TRANSFORM,
  POINT_COUNT,
  TILE,
} from './matrices.ts';
import { pixelMask, tileRows } from './tiling.ts';

/** Domain of the runtime's own operators: products with a factor transposed. */
export const RUNTIME_DOMAIN = 'com.microsoft';

/**
 * The number of channels up to which the nine taps are one product side by side; for so few, transforms only
 * cost time.
 */
const FEW_CHANNELS = 3;

/** Which of three ways suits a kernel [O, I, k, k]. */
function wayOf(inputs: number, size: number): 'points' | 'surroundings' | 'plain' {
  if (size !== 3) return 'plain';
  return inputs > FEW_CHANNELS ? 'points' : 'surroundings';
}

/** y = AT Σ_i (V_i ⊙ U_i): at each of the 36 points, one product of [tiles, I] with [I, O]. */
export const emitConv: EmitRule<'conv'> = (e, node) => {
  const [x, kernel, bias] = node.inputs;
  const [outputs = 1, inputs = 1, size = 1] = kernel.shape;
  const y = node.outputs[0] as Value;
  const way = wayOf(inputs, size);
  if (way === 'plain') return conv.emit(e, node);
  if (way === 'surroundings') {
    const weights = e.step('Reshape', [e.read(kernel), e.ints([outputs, 9 * inputs])]);
    const column = e.step('Reshape', [e.read(bias), e.ints([outputs, 1])]);
    const all = e.step('Concat', [weights, column], { attributes: { axis: { int: 1 } } });
    const product = [e.read(x, SURROUNDINGS), all] as const;
    return writeTiles(e, y, fusedMatMul(e, product, [true, true]));
  }
  const products = e.step('MatMul', [e.read(x, POINTS), e.read(kernel, KERNEL_POINTS)]);
  writeTiles(e, y, outputTransform(e, products, biasRow(e, y, bias)));
};

/** The same chain on the output's gradient, with the kernel turned and its channels exchanged. */
export const emitConvInputGrad: EmitRule<'convInputGrad'> = (e, node) => {
  const [dy, kernel] = node.inputs;
  const [outputs = 1, , size = 1] = kernel.shape;
  const dx = node.outputs[0] as Value;
  if (wayOf(outputs, size) !== 'points') return convInputGrad.emit(e, node);
  const products = e.step('MatMul', [e.read(dy, POINTS), e.read(kernel, TURNED_KERNEL_POINTS)]);
  writeTiles(e, dx, outputTransform(e, products));
};

/**
 * From y = AT (V ⊙ U) and U = G g follows dU = Vᵀ (ATᵀ dy), one product a point, and dg = Gᵀ dU.
 * V is the forward pass's own.
 */
export const emitConvKernelGrad: EmitRule<'convKernelGrad'> = (e, node) => {
  const [x, dy] = node.inputs;
  const dk = node.outputs[0] as Value;
  const way = wayOf(x.shape[1] ?? 1, node.attributes.kernel);
  if (way === 'plain') return convKernelGrad.emit(e, node);
  if (way === 'surroundings') return kernelGradOfFew(e, { x, dy, dk });
  const [outputs = 1, inputs = 1] = dk.shape;
  const flat = e.step('Reshape', [e.read(dy, TILES), e.ints([TILE * TILE, -1])]);
  const transform = e.constant(GRADIENT_TRANSFORM.key, () => GRADIENT_TRANSFORM);
  const atPoints = e.step('MatMul', [transform, flat]);
  const gradients = e.step('Reshape', [atPoints, e.ints(shapeIn(dy, POINTS))]);
  const products = fusedMatMul(e, [gradients, e.read(x, POINTS)], [true, false]);
  const rows = e.step('Reshape', [products, e.ints([POINT_COUNT, outputs * inputs])]);
  const back = e.constant(KERNEL_TRANSFORM.key, () => KERNEL_TRANSFORM);
  const taps = e.step('Gemm', [rows, back], { attributes: { transA: { int: 1 } } });
  e.node('Reshape', [taps, e.ints(dk.shape)], [e.write(dk)]);
};

function kernelGradOfFew(e: Emitter, { x, dy, dk }: { x: Value; dy: Value; dk: Value }): void {
  const taps = 9 * (x.shape[1] ?? 1);
  const products = e.step('MatMul', [e.read(x, SURROUNDINGS), e.read(dy, TILES)]);
  const sum = e.step('ReduceSum', [products, e.ints([0])], {
    attributes: { keepdims: { int: 0 } },
  });
  // The last row is the bias's gradient, which is computed elsewhere.
  const rows = e.step('Slice', [sum, e.ints([0]), e.ints([taps]), e.ints([0])]);
  const exchanged = e.step('Transpose', [rows], { attributes: perm(1, 0) });
  e.node('Reshape', [exchanged, e.ints(dk.shape)], [e.write(dk)]);
}

/** The bias for each pixel of one place, and zero in the tile of zeros: [1, tiles O]. */
function biasRow(e: Emitter, y: Value, bias: Value): string {
  const outputs = y.shape[1] ?? 1;
  const { tiles } = tileRows(y.shape, TILE);
  const ones = e.constant(`column of ones ${tiles}`, () => {
    const data = new Float32Array(tiles).fill(1, 0, tiles - 1);
    return { shape: [tiles, 1], data };
  });
  const row = e.step('Reshape', [e.read(bias), e.ints([1, outputs])]);
  return e.step('Reshape', [e.step('MatMul', [ones, row]), e.ints([1, tiles * outputs])]);
}

function outputTransform(e: Emitter, products: string, addend?: string): string {
  const flat = e.step('Reshape', [products, e.ints([POINT_COUNT, -1])]);
  const transform = e.constant(OUTPUT_TRANSFORM.key, () => OUTPUT_TRANSFORM);
  if (addend === undefined) return e.step('MatMul', [transform, flat]);
  return e.step('Gemm', [transform, flat, addend]);
}

/** Makes zero again what is no pixel, where tiles reach over the edge. */
function writeTiles(e: Emitter, y: Value, result: string): void {
  const rows = tileRows(y.shape, TILE);
  const shape = e.ints(shapeIn(y, TILES));
  if (!rows.ragged) {
    e.node('Reshape', [result, shape], [e.write(y, TILES)]);
    return;
  }
  const mask = e.constant(`mask ${y.shape}`, () => ({
    shape: [rows.places, rows.tiles, 1],
    data: pixelMask(y.shape, rows),
  }));
  e.node('Mul', [e.step('Reshape', [result, shape]), mask], [e.write(y, TILES)]);
}

/** a b for each point or place, either factor transposed first. */
function fusedMatMul(
  e: Emitter,
  factors: readonly [string, string],
  [transposeA, transposeB]: readonly [boolean, boolean],
): string {
  return e.step('FusedMatMul', factors, {
    domain: RUNTIME_DOMAIN,
    attributes: { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } },
  });
}

import { sizeOf } from '../../../base/tensor.ts';
import type { EmitRule, Emitter, Value } from '../operator.ts';
import { batchNorm, batchNormGrad } from '../ops/batch-norm.ts';
import { add, mul } from '../ops/elementwise.ts';
import { shapeIn, TILES } from './layouts.ts';
import { TILE } from './matrices.ts';
import { pixelMask, tileRows } from './tiling.ts';

/**
 * Batch normalisation of a map in tiles. Statistics are [1, 1, C] here, sums over rows are products
 * with the mask of what is a pixel, and whatever is added to each pixel is a product with it too:
 * rows that are no pixels stay zero.
 */
export const emitBatchNorm: EmitRule<'batchNorm'> = (e, node) => {
  const [x, scale, shift] = node.inputs;
  if (e.layoutOf(x) !== TILES) return batchNorm.emit(e, node);
  const [y, mean, variance] = node.outputs;
  const map = e.read(x, TILES);
  const means = meanOverPixels(e, x, map);
  const centred = e.step('Sub', [map, means]);
  const variances = meanOverPixels(e, x, e.step('Mul', [centred, centred]));
  const deviation = rootOf(e, variances, node.attributes.epsilon);
  const factor = e.step('Div', [row(e, scale), deviation]);
  const offset = e.step('Sub', [row(e, shift), e.step('Mul', [means, factor])]);
  addToPixels(e, y as Value, e.step('Mul', [map, factor]), offset);
  writeStatistic(e, mean, means);
  writeStatistic(e, variance, variances);
};

/** dx = a dy + b x + c with numbers a, b and c of each channel: see the plain rule. */
export const emitBatchNormGrad: EmitRule<'batchNormGrad'> = (e, node) => {
  const [dy, x, scale, mean, biased] = node.inputs;
  if (e.layoutOf(x) !== TILES) return batchNormGrad.emit(e, node);
  const [dx, dscale, dshift] = node.outputs;
  const [map, gradient] = [e.read(x, TILES), e.read(dy, TILES)];
  const means = row(e, mean);
  const deviation = rootOf(e, row(e, biased), node.attributes.epsilon);
  // Means of dy and of dy c over the pixels, the latter without another map.
  const level = meanOverPixels(e, x, gradient);
  const product = meanOverPixels(e, x, e.step('Mul', [gradient, map]));
  const covariance = e.step('Sub', [product, e.step('Mul', [means, level])]);
  const slope = e.step('Div', [covariance, deviation]);
  const count = e.floats([sizeOf(x.shape) / sizeOf(scale.shape)], []);
  writeStatistic(e, dshift, () => e.step('Mul', [level, count]));
  writeStatistic(e, dscale, () => e.step('Mul', [slope, count]));
  const factor = e.step('Div', [row(e, scale), deviation]);
  const ofMap = e.step('Mul', [factor, e.step('Div', [slope, deviation])]);
  const constant = e.step('Sub', [e.step('Mul', [ofMap, means]), e.step('Mul', [factor, level])]);
  const scaled = e.step('Mul', [gradient, factor]);
  const rest = e.step('Sub', [scaled, e.step('Mul', [map, ofMap])]);
  addToPixels(e, dx as Value, rest, constant);
};

/** A number of each channel times a map in tiles. */
export const emitMul: EmitRule<'mul'> = (e, node) => {
  const [x, factor] = node.inputs;
  if (!isPerChannel(e, x, factor)) return mul.emit(e, node);
  const product = [e.read(x, TILES), row(e, factor)];
  e.node('Mul', product, [e.write(node.outputs[0], TILES)]);
};

/** A number of each channel added to the pixels of a map in tiles. */
export const emitAdd: EmitRule<'add'> = (e, node) => {
  const [x, addend] = node.inputs;
  if (!isPerChannel(e, x, addend)) return add.emit(e, node);
  addToPixels(e, node.outputs[0] as Value, e.read(x, TILES), row(e, addend));
};

function isPerChannel(e: Emitter, x: Value, { shape }: Value): boolean {
  return e.layoutOf(x) === TILES && shape.join() === [1, x.shape[1], 1, 1].join();
}

/** [1, C, 1, 1] as [1, 1, C]. */
function row(e: Emitter, value: Value): string {
  return e.step('Reshape', [e.read(value), e.ints([1, 1, sizeOf(value.shape)])]);
}

function rootOf(e: Emitter, variance: string, epsilon: number): string {
  return e.step('Sqrt', [e.step('Add', [variance, e.floats([epsilon], [])])]);
}

/** Back to [1, C, 1, 1]. */
function writeStatistic(e: Emitter, value: Value | undefined, from: string | (() => string)): void {
  const name = e.write(value);
  if (name === '' || value === undefined) return;
  const source = typeof from === 'string' ? from : from();
  e.node('Reshape', [source, e.ints(value.shape)], [name]);
}

/** The mean over the pixels of `like` of a map of its shape in tiles, as [1, 1, C]. */
function meanOverPixels(e: Emitter, { shape }: Value, map: string): string {
  const rows = tileRows(shape, TILE);
  const share = (shape[1] ?? 1) / sizeOf(shape);
  const shares = e.constant(`shares ${shape}`, () => ({
    shape: [rows.places, 1, rows.tiles],
    data: pixelMask(shape, rows).map((isPixel) => isPixel * share),
  }));
  // One product a place: they run side by side, and no sum is long.
  const sums = e.step('MatMul', [shares, map]);
  return e.step('ReduceSum', [sums, e.ints([0])], { attributes: { keepdims: { int: 1 } } });
}

/** Writes a map in tiles with a number of each channel, [1, 1, C], added to its pixels. */
function addToPixels(e: Emitter, y: Value, map: string, addend: string): void {
  const rows = tileRows(y.shape, TILE);
  const channels = y.shape[1] ?? 1;
  const mask = e.constant(`mask column ${y.shape[0]},${y.shape.slice(2)}`, () => ({
    shape: [rows.count, 1],
    data: pixelMask(y.shape, rows),
  }));
  const flat = e.step('Reshape', [map, e.ints([rows.count, channels])]);
  const sum = e.step('Gemm', [mask, e.step('Reshape', [addend, e.ints([1, channels])]), flat]);
  e.node('Reshape', [sum, e.ints(shapeIn(y, TILES))], [e.write(y, TILES)]);
}

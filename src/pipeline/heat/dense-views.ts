import type { OnnxOutput } from '../../engines/onnx/session-file.ts';
import type { Grid } from '../../evaluation/heat-map.ts';
import type { DenseForm } from '../../network/dense-to-conv.ts';
import type { TrainedModel } from '../prepare/trained-model.ts';

/**
 * The most pixels of a scaled image: the first maps of a VGG then have 1 GiB each. At 384 pixels it
 * is an image 28 times as long as high.
 */
export const MOST_PIXELS = 2 ** 22;

/** The shorter side of the images that a network was trained on, in pixels. */
export function shorterSide({ decode }: Pick<TrainedModel, 'decode'>): number {
  return Math.max(decode.size, decode.resize);
}

/** The factor by which images are enlarged where a window is as large as an image of the training size. */
const ENLARGED = 1.5;

/** How an image is decoded to be seen by windows: at the training size where each cell is a window of its own. */
export function largestView(model: TrainedModel, form: DenseForm) {
  const scale = form.window === 1 ? 1 : ENLARGED;
  const shorter = Math.max(form.smallest, Math.round(shorterSide(model) * scale));
  return { shorter, background: model.decode.background, maxScaled: MOST_PIXELS };
}

/**
 * What one class has in each window, from 0 to 1. Where a window is a cell, the head is linear: it is the positive
 * part of the class activation map, as a share of its largest value. Elsewhere it is the probability.
 * @param scores [1, classes, rows, columns]
 * @param of `bias`: what the output layer adds to each cell
 */
export function scoreGrid(
  scores: OnnxOutput,
  of: { readonly label: number; readonly form: DenseForm; readonly bias: number },
): Grid {
  if (of.form.window > 1) return probabilityGrid(scores, of.label);
  const [, , rows = 0, columns = 0] = scores.shape;
  const cells = rows * columns;
  const values = scores.data.slice(of.label * cells, (of.label + 1) * cells);
  const positive = Float32Array.from(values, (value) => Math.max(0, Number(value) - of.bias));
  const most = positive.reduce((a, b) => Math.max(a, b), 0);
  return { rows, columns, values: most > 0 ? positive.map((value) => value / most) : positive };
}

/** The probability of one class in every window. */
export function probabilityGrid(scores: OnnxOutput, label: number): Grid {
  const [, classes = 0, rows = 0, columns = 0] = scores.shape;
  const cells = rows * columns;
  const values = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    const row = Array.from({ length: classes }, (_, c) => scores.data[c * cells + cell] ?? 0);
    const largest = Math.max(...row);
    const powers = row.map((score) => Math.exp(score - largest));
    values[cell] = (powers[label] ?? 0) / powers.reduce((sum, power) => sum + power, 0);
  }
  return { rows, columns, values };
}

import type { OnnxNode } from '../../formats/onnx-model.ts';
import { atSize, TORCHVISION_PREPROCESSING } from '../../network/preprocessing.ts';
import type { Preprocessing } from '../../network/spec.ts';
import { type Graph, intOf, intsOf, numbersOf } from './graph.ts';

/** What a graph does to its input before the first convolution: for each channel, factor * x[from] + shift. */
export interface Affine {
  /** Which channel of the input each channel is. */
  readonly from: readonly number[];
  readonly factor: readonly number[];
  readonly shift: readonly number[];
}

export const UNCHANGED: Affine = { from: [0, 1, 2], factor: [1, 1, 1], shift: [0, 0, 0] };

type Step = (affine: Affine, values: readonly number[]) => Affine;

const mapped = (values: readonly number[], change: (value: number, at: number) => number) =>
  values.map(change);

const ARITHMETIC: Readonly<Record<string, Step>> = {
  Add: (a, c) => ({ ...a, shift: mapped(a.shift, (x, at) => x + (c[at] ?? 0)) }),
  Sub: (a, c) => ({ ...a, shift: mapped(a.shift, (x, at) => x - (c[at] ?? 0)) }),
  Mul: (a, c) => ({
    ...a,
    factor: mapped(a.factor, (x, at) => x * (c[at] ?? 1)),
    shift: mapped(a.shift, (x, at) => x * (c[at] ?? 1)),
  }),
  Div: (a, c) => ({
    ...a,
    factor: mapped(a.factor, (x, at) => x / (c[at] ?? 1)),
    shift: mapped(a.shift, (x, at) => x / (c[at] ?? 1)),
  }),
};

/**
 * The affine map after one more node; undefined for a node that is no arithmetic with constants and no turning round
 * of the channels.
 * @param channelAxis 1 for [N, C, H, W], 3 for [N, H, W, C]
 */
export function affineAfter(
  graph: Graph,
  node: OnnxNode,
  { affine, value, channelAxis }: { affine: Affine; value: string; channelAxis: number },
): Affine | undefined {
  const [first, second] = node.inputs;
  const step = Object.hasOwn(ARITHMETIC, node.type) ? ARITHMETIC[node.type] : undefined;
  if (step !== undefined) {
    const swapped = second === value;
    if (swapped && (node.type === 'Sub' || node.type === 'Div')) return undefined;
    const constant = swapped ? first : second;
    const values = perChannel(graph, constant, channelAxis);
    return values === undefined ? undefined : step(affine, values);
  }
  return isReversal(graph, node, channelAxis) ? reversed(affine) : undefined;
}

function perChannel(
  graph: Graph,
  name: string | undefined,
  channelAxis: number,
): readonly number[] | undefined {
  const values = numbersOf(graph, name);
  const shape = graph.tensors.get(name ?? '')?.shape ?? [];
  if (values?.length === 1) return [0, 1, 2].map(() => values[0] ?? 0);
  // The axes of a constant are aligned with the last ones.
  const axis = channelAxis - (4 - shape.length);
  return values?.length === 3 && shape[axis] === 3 ? values : undefined;
}

/** x[..., ::-1], or a gather of the channels 2, 1, 0. */
function isReversal(graph: Graph, node: OnnxNode, channelAxis: number): boolean {
  const isAxis = (axis: number) => axis === channelAxis || axis === channelAxis - 4;
  if (node.type === 'Gather') {
    const indices = numbersOf(graph, node.inputs[1]);
    return isAxis(intOf(node, 'axis', 0)) && indices?.join() === '2,1,0';
  }
  if (node.type !== 'Slice') return false;
  const axes = numbersOf(graph, node.inputs[3]) ?? intsOf(node, 'axes');
  const steps = numbersOf(graph, node.inputs[4]);
  if (axes === undefined || steps === undefined) return false;
  return (
    axes.every((axis, at) => (isAxis(axis) ? steps[at] === -1 : steps[at] === 1)) &&
    axes.some(isAxis)
  );
}

const reversed = ({ from, factor, shift }: Affine): Affine => ({
  from: from.toReversed(),
  factor: factor.toReversed(),
  shift: shift.toReversed(),
});

/** The mean of pixels between 0 and 1 is below this, and that of pixels up to 255 is above. */
const UNIT_MEAN = 2;
/** A factor without a mean that is this small divides by 255. */
const SMALL_FACTOR = 0.1;

/**
 * The preprocessing that is part of a graph; undefined where there is none, or none that fits the form. Whether its
 * input goes up to 1 or to 255 is told by its mean.
 */
export function preprocessingOf(
  affine: Affine,
  side: number | undefined,
): Preprocessing | undefined {
  const { from, factor, shift } = affine;
  const order = from.join();
  const plain = factor.every((x) => x === 1) && shift.every((x) => x === 0);
  if (plain && order === '0,1,2') return undefined;
  if (!factor.every((x) => x > 0 && Number.isFinite(x)) || !shift.every(Number.isFinite))
    return undefined;
  const triple = (of: (at: number) => number): [number, number, number] => [of(0), of(1), of(2)];
  const mean = triple((at) => 0 - (shift[at] ?? 0) / (factor[at] ?? 1));
  const std = triple((at) => 1 / (factor[at] ?? 1));
  const bytes = mean.some((x) => x !== 0)
    ? mean.some((x) => Math.abs(x) >= UNIT_MEAN)
    : Math.min(...factor) < SMALL_FACTOR || plain;
  const { size, resize } = atSize(
    TORCHVISION_PREPROCESSING,
    side ?? TORCHVISION_PREPROCESSING.size,
  );
  const channels = order === '2,1,0' ? 'bgr' : 'rgb';
  return { channels, scale: bytes ? 1 : 1 / 255, mean, std, size, resize };
}

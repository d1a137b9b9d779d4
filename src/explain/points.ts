import { bytes, percent } from '../base/number-formats.ts';
import type { DenseLesson } from './dense.ts';
import type { KernelLesson } from './kernels.ts';
import type { Lesson } from './lesson.ts';
import { inWords, range, short, square } from './numbers.ts';
import type { FieldLesson } from './receptive-field.ts';
import type { StrategyLesson } from './strategies.ts';

/** What a lesson shows, in sentences. */
export function pointsOf(lesson: Lesson): readonly string[] {
  switch (lesson.topic) {
    case 'receptive-field':
      return fieldPoints(lesson);
    case 'kernels':
      return kernelPoints(lesson);
    case 'dense':
      return densePoints(lesson);
    case 'strategies':
      return strategyPoints(lesson);
  }
}

function fieldPoints({ layers, stacks }: FieldLesson): string[] {
  const [first] = layers;
  const last = layers.at(-1);
  if (first === undefined || last === undefined) return [];
  const saved = stacks.map(
    ({ stack, one, saved: share }) =>
      `${inWords(stack.layers)} see ${one.kernel}x${one.kernel} with ${percent(share)} fewer weights`,
  );
  return [
    `An output of ${first.name} depends on ${square(first.size)} pixels, one of ${last.name} on ${square(last.size)}: ${percent(last.share)} of the side of the image. Neighbouring outputs of ${last.name} are ${last.stride} pixels apart (the jump).`,
    'The field grows by r(n) = r(n-1) + (k(n) - 1) j(n-1), and the jump by j(n) = j(n-1) s(n): a kernel of side k adds k - 1 cells of the map that it reads, and each pool doubles what a cell is worth in pixels.',
    `3x3 convolutions one after the other see as much as one large kernel: ${saved.join(', ')}. Each has a ReLU of its own, so that the stack can also compute more.`,
  ];
}

function kernelPoints({ layers, blocks }: KernelLesson): string[] {
  const sum = (kind: 'conv' | 'dense', key: 'ofMacs' | 'ofParameters') =>
    layers.reduce((total, layer) => total + (layer.kind === kind ? layer[key] : 0), 0);
  const largest = layers.reduce((most, next) => (next.parameters > most.parameters ? next : most));
  return [
    `The convolutions do ${percent(sum('conv', 'ofMacs'))} of the multiply-adds with ${percent(sum('conv', 'ofParameters'))} of the parameters: a kernel is used at every place of its map, the weight of a dense layer once. Most parameters are in ${largest.name} (${percent(largest.ofParameters)}).`,
    'The first layers are costly because their maps are large, the last ones hold most because their channels are many.',
    ...(blocks.length === 0 ? [] : [blockPoint(blocks)]),
  ];
}

function blockPoint(blocks: KernelLesson['blocks']): string {
  const best = blocks.reduce((most, next) => (next.saved > most.saved ? next : most));
  const worst = blocks.reduce((least, next) => (next.saved < least.saved ? next : least));
  const stack = `The ${inWords(best.layers.length)} 3x3 convolutions of ${best.block}`;
  const size = `${best.receptiveField}x${best.receptiveField}`;
  const gain =
    best.saved > 0
      ? `${stack} see ${size} with ${percent(best.saved)} fewer weights than one kernel of that size.`
      : `${stack} see ${size}, and have more weights than one kernel of that size.`;
  if (worst.saved >= 0) return gain;
  return `${gain} A block whose first convolution widens the map saves less, or nothing (${worst.block}, ${worst.inputs} to ${worst.outputs} channels): the usual comparison is of equal channels.`;
}

function densePoints(lesson: DenseLesson): string[] {
  const { layers, parameters } = lesson;
  const [first] = layers;
  if (first === undefined) return [];
  const largest = layers.reduce((most, next) => (next.parameters > most.parameters ? next : most));
  return [
    `${largest.name} holds ${short(largest.parameters)} of ${short(parameters.total)} parameters (${percent(largest.share)}), the dense layers together ${percent(layers.reduce((sum, { share }) => sum + share, 0))}.`,
    convolutionPoint(first),
    ...poolingPoint(lesson),
    ...largerPoint(lesson),
  ];
}

function convolutionPoint({ name, kernel, channels, outputs }: DenseLesson['layers'][number]) {
  const what = `A dense layer is a convolution whose kernel is as large as the map: ${name} has ${outputs} kernels of ${kernel}x${kernel} over ${channels} channels, of the same weights in the same order.`;
  return kernel > 1
    ? `${what} The layers after it are 1x1 convolutions.`
    : `${what} Here the map was averaged before, so that they are 1x1.`;
}

function poolingPoint({ heads }: DenseLesson): string[] {
  const linear = heads.find(({ head }) => head === 'linear');
  const paper = heads.find(({ head }) => head === 'vgg');
  if (linear === undefined || paper === undefined) return [];
  return [
    `The average of each channel over the map, and one dense layer on it (head "linear"), has ${short(linear.parameters)} parameters where the head of the paper ("vgg") has ${short(paper.parameters)}: the whole network has ${percent(1 - linear.total / paper.total)} fewer.`,
  ];
}

function largerPoint({ images, window }: DenseLesson): string[] {
  const image = images.find(({ size }) => size >= 2 * (images[0]?.size ?? size));
  if (image === undefined) return [];
  const { size, map, scores, macs, crops, cropMacs } = image;
  return [
    `As convolutions the same weights take larger images: ${square(size)} pixels give a last map of ${square(map)}, and a window of ${square(window)} that slides over it ${square(scores)} scores, whose average is the answer. One pass takes ${short(macs)} multiply-adds, the ${crops} crops one by one ${short(cropMacs)} (${(cropMacs / macs).toFixed(1)} times as many).`,
  ];
}

const views = (pictures: number) =>
  pictures > 1 ? `each image and ${pictures - 1} changed views of it` : 'each image';

function strategyPoints({ cases }: StrategyLesson): string[] {
  const cached = cases.find(({ epochs, macs }) => epochs > 0 && macs.frozen > 0);
  const solved = cases.find(({ epochs, solved: isSolved }) => isSolved && epochs === 0);
  return [
    'A pretrained network already knows most of what similar images need, so that little has to be trained; few images cannot determine many parameters, so that little may be trained. Different images want more layers trained, and many different ones all layers, from random weights.',
    ...(solved === undefined
      ? []
      : [
          `${solved.strategy}: ${range(solved.frozen)} run over ${views(solved.pictures)} once (${short(solved.macs.frozen)} multiply-adds each), and the output layer is solved to its optimum on what they give (${bytes(solved.kept)} each). No step is taken.`,
        ]),
    ...(cached === undefined
      ? []
      : [
          `${cached.strategy}: what is frozen gives the same in each epoch, so that it runs once and is kept (${bytes(cached.kept)} each, of ${views(cached.pictures)}). A step is the forward pass of the rest and about twice as much for the gradients; ${cached.epochs} epochs take ${short(cached.macs.cached)} multiply-adds an image, and ${short(cached.macs.uncached)} where the frozen layers run again in each.`,
        ]),
    'This is the usual table of the four cases. `vggtune advise FOLDER` measures which of them fits your images.',
  ];
}

import { grouped, percent } from '../base/number-formats.ts';
import type { KernelComparison } from '../network/kernels.ts';
import type { DenseLesson } from './dense.ts';
import type { KernelLesson } from './kernels.ts';
import type { Lesson } from './lesson.ts';
import { range, short, square } from './numbers.ts';
import type { FieldLesson } from './receptive-field.ts';
import type { StrategyLesson } from './strategies.ts';

/** A table of a lesson, which is the same in a terminal and on a page. */
export interface LessonTable {
  readonly title: string;
  readonly columns: readonly { readonly header: string; readonly align?: 'right' }[];
  readonly rows: readonly (readonly string[])[];
}

export function tablesOf(lesson: Lesson): readonly LessonTable[] {
  switch (lesson.topic) {
    case 'receptive-field':
      return [fieldTable(lesson), stackTable(lesson)];
    case 'kernels':
      return [kernelTable(lesson), ...blockTable(lesson), stackTable(lesson)];
    case 'dense':
      return [denseTable(lesson), headTable(lesson), imageTable(lesson)];
    case 'strategies':
      return [caseTable(lesson), costTable(lesson)];
  }
}

const left = (header: string) => ({ header });
const right = (header: string) => ({ header, align: 'right' as const });

const fieldTable = ({ layers }: FieldLesson): LessonTable => ({
  title: 'What one output of each layer sees',
  columns: [
    left('layer'),
    right('kernel'),
    right('stride'),
    right('jump'),
    right('receptive field'),
    right('of the side'),
  ],
  rows: layers.map(({ name, kernel, step, stride, size, share }) => [
    name,
    `${kernel}x${kernel}`,
    String(step),
    String(stride),
    square(size),
    percent(share),
  ]),
});

interface Compared {
  readonly channels: number;
  readonly side: number;
  readonly stacks: readonly KernelComparison[];
}

const stackTable = ({ channels, side, stacks }: Compared): LessonTable => ({
  title: `One large kernel, or a stack of 3x3: ${channels} channels on a map of ${square(side)}`,
  ...kernelComparison(stacks),
});

/** Each large kernel, and below it the stack that sees the same. */
export const kernelComparison = (
  stacks: readonly KernelComparison[],
): Pick<LessonTable, 'columns' | 'rows'> => ({
  columns: [
    left('kernels'),
    right('field'),
    right('weights'),
    right('multiply-adds'),
    right('ReLUs'),
    right('saved'),
  ],
  rows: stacks.flatMap(({ one, stack, saved }) =>
    [one, stack].map((of) => [
      `${of.layers} of ${of.kernel}x${of.kernel}`,
      `${of.receptiveField}x${of.receptiveField}`,
      grouped(of.weights),
      grouped(of.macs),
      String(of.nonLinearities),
      of === stack ? percent(saved) : '',
    ]),
  ),
});

const kernelTable = ({ layers }: KernelLesson): LessonTable => ({
  title: 'What each layer holds and costs',
  columns: [
    left('layer'),
    right('kernel'),
    right('channels'),
    right('parameters'),
    right('share'),
    right('multiply-adds'),
    right('share'),
  ],
  rows: layers.map(({ name, kernel, inputs, outputs, parameters, macs, ofParameters, ofMacs }) => [
    name,
    kernel === undefined ? '' : `${kernel}x${kernel}`,
    `${inputs} to ${outputs}`,
    grouped(parameters),
    percent(ofParameters),
    grouped(macs),
    percent(ofMacs),
  ]),
});

function blockTable({ blocks }: KernelLesson): LessonTable[] {
  if (blocks.length === 0) return [];
  const columns = [
    left('block'),
    right('channels'),
    right('field'),
    right('kernels'),
    right('weights'),
    right('one kernel'),
    right('saved'),
  ];
  const rows = blocks.map((of) => [
    of.block,
    `${of.inputs} to ${of.outputs}`,
    `${of.receptiveField}x${of.receptiveField}`,
    `${of.layers.length} of 3x3`,
    grouped(of.weights),
    grouped(of.oneKernel),
    percent(of.saved),
  ]);
  return [
    { title: 'The stacks of this network, beside one kernel that sees the same', columns, rows },
  ];
}

const denseTable = ({ layers }: DenseLesson): LessonTable => ({
  title: 'Dense layers, and the convolutions that compute the same',
  columns: [
    left('layer'),
    right('in'),
    right('out'),
    right('parameters'),
    right('share'),
    right('as a convolution'),
  ],
  rows: layers.map(({ name, inputs, outputs, parameters, share, kernel, channels }) => [
    name,
    grouped(inputs),
    grouped(outputs),
    grouped(parameters),
    percent(share),
    `${kernel}x${kernel} over ${channels}`,
  ]),
});

const headTable = ({ heads, parameters }: DenseLesson): LessonTable => ({
  title: `Heads for the same ${short(parameters.backbone)} parameters of convolutions`,
  columns: [left('head'), right('parameters'), right('whole network'), right('share of it')],
  rows: heads.map(({ head, parameters: own, total }) => [
    head,
    grouped(own),
    grouped(total),
    percent(own / total),
  ]),
});

const imageTable = ({ images }: DenseLesson): LessonTable => ({
  title: 'The same weights on larger images',
  columns: [
    left('image'),
    right('last map'),
    right('scores'),
    right('one pass'),
    right('crops'),
    right('crop by crop'),
  ],
  rows: images.map(({ size, map, scores, macs, crops, cropMacs }) => [
    square(size),
    square(map),
    square(scores),
    short(macs),
    String(crops),
    short(cropMacs),
  ]),
});

const caseTable = ({ cases }: StrategyLesson): LessonTable => ({
  title: 'The four cases',
  columns: [left('strategy'), left('data, images'), left('head'), left('frozen'), left('trained')],
  rows: cases.map(({ strategy, data, images, head, frozen, trained }) => [
    strategy,
    `${data}, ${images}`,
    head,
    range(frozen),
    range(trained),
  ]),
});

const costTable = ({ cases }: StrategyLesson): LessonTable => ({
  title: 'What each trains, and its multiply-adds for one image',
  columns: [
    left('strategy'),
    right('trained'),
    right('share'),
    right('once'),
    right('a step'),
    right('epochs'),
    right('in all'),
    right('not cached'),
  ],
  rows: cases.map(({ strategy, parameters: { trained, total }, pictures, macs, epochs }) => [
    strategy,
    short(trained),
    percent(trained / total),
    short(pictures * macs.frozen + macs.solving),
    epochs === 0 ? '' : short(macs.step),
    epochs === 0 ? 'solved' : String(epochs),
    short(macs.cached),
    epochs === 0 || macs.frozen === 0 ? '' : short(macs.uncached),
  ]),
});

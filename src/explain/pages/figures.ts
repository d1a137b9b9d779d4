import { grouped, percent } from '../../base/number-formats.ts';
import type { DenseLesson } from '../dense.ts';
import { type BarRow, barDrawing } from '../drawings/bars.ts';
import { casesDrawing } from '../drawings/cases.ts';
import { fieldDrawing, stackDrawing } from '../drawings/field.ts';
import { prefixDrawing } from '../drawings/prefix.ts';
import type { Colour, Drawing } from '../drawings/svg.ts';
import { windowDrawing } from '../drawings/window.ts';
import type { KernelLesson } from '../kernels.ts';
import type { Explained } from '../lesson.ts';
import { inWords, short, square } from '../numbers.ts';
import type { FieldLesson } from '../receptive-field.ts';
import type { StrategyLesson } from '../strategies.ts';

/** Drawings that belong together, each with its caption. */
export interface Figure {
  readonly title: string;
  readonly drawings: readonly { readonly caption: string; readonly drawing: Drawing }[];
}

/** The drawings of a lesson. */
export function figuresOf({ lesson, size }: Explained): readonly Figure[] {
  switch (lesson.topic) {
    case 'receptive-field':
      return fieldFigures(lesson, size);
    case 'kernels':
      return kernelFigures(lesson);
    case 'dense':
      return denseFigures(lesson);
    case 'strategies':
      return strategyFigures(lesson);
  }
}

function fieldFigures(lesson: FieldLesson, size: number): Figure[] {
  const growth = lesson.layers.map(({ name, size: side, share }) =>
    bar(name, side, 'first', `${side} (${percent(share)})`),
  );
  const stacks = [2, 3].map((depth) => ({
    caption: `${capital(inWords(depth))} 3x3 convolutions see ${square(2 * depth + 1)}, drawn along one axis: ${depth * 9}\u00a0C² weights instead of ${(2 * depth + 1) ** 2}\u00a0C².`,
    drawing: stackDrawing(depth),
  }));
  return [
    {
      title: 'What one output sees',
      drawings: [
        {
          caption: 'The squares that one output in the middle depends on, behind each block.',
          drawing: fieldDrawing(lesson, size),
        },
        {
          caption: 'Pixels a side, and the share of the side of the image.',
          drawing: barDrawing('Receptive field by layer', growth),
        },
      ],
    },
    { title: 'Why kernels are small', drawings: stacks },
  ];
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

function kernelFigures({ layers, blocks }: KernelLesson): Figure[] {
  const rows = (key: 'parameters' | 'macs', colour: Colour) =>
    layers.map((layer) => bar(layer.name, layer[key], colour));
  const where: Figure = {
    title: 'Where the parameters are, and where the work',
    drawings: [
      {
        caption: 'Parameters.',
        drawing: barDrawing('Parameters by layer', rows('parameters', 'first')),
      },
      {
        caption: 'Multiply-adds of one image.',
        drawing: barDrawing('Multiply-adds by layer', rows('macs', 'second')),
      },
    ],
  };
  if (blocks.length === 0) return [where];
  const drawing = barDrawing('Weights by block', blocks.map(blockBars));
  const title = 'Stacks of 3x3, and one kernel that sees the same';
  return [where, { title, drawings: [{ caption: 'Weights.', drawing }] }];
}

const bar = (name: string, value: number, colour: Colour, label = short(value)): BarRow => ({
  name,
  bars: [{ value, label, colour }],
});

function blockBars({
  block,
  weights,
  oneKernel,
  receptiveField: side,
}: KernelLesson['blocks'][number]): BarRow {
  const one = `${short(oneKernel)} in ${side}x${side}`;
  return {
    name: block,
    bars: [
      { value: weights, label: `${short(weights)} in 3x3`, colour: 'first' },
      { value: oneKernel, label: one, colour: 'second' },
    ],
  };
}

function denseFigures(lesson: DenseLesson): Figure[] {
  const { parameters, layers, heads } = lesson;
  const label = (value: number) => `${short(value)} (${percent(value / parameters.total)})`;
  const { backbone } = parameters;
  const parts = [
    bar('convolutions', backbone, 'first', label(backbone)),
    ...layers.map(({ name, parameters: own }) => bar(name, own, 'second', label(own))),
  ];
  const options = heads.map(({ head, parameters: own }) => bar(head, own, 'second'));
  const where: Figure = {
    title: 'Where the parameters are',
    drawings: [
      {
        caption: `Of ${grouped(parameters.total)} in all.`,
        drawing: barDrawing('Parameters of the convolutions and of each dense layer', parts),
      },
      { caption: 'The head, by its kind.', drawing: barDrawing('Parameters by head', options) },
    ],
  };
  const drawing = windowDrawing(lesson);
  if (drawing === undefined) return [where];
  const caption = 'The window slides over the last map; each place gives a score.';
  return [where, { title: 'Dense layers on a larger image', drawings: [{ caption, drawing }] }];
}

function strategyFigures({ cases }: StrategyLesson): Figure[] {
  const frozen = cases.filter(({ macs }) => macs.frozen > 0);
  return [
    {
      title: 'The four cases',
      drawings: [
        {
          caption: 'Blocks 1 to 5 and the head, by what happens to them.',
          drawing: casesDrawing(cases),
        },
      ],
    },
    {
      title: 'What is frozen runs once',
      drawings: frozen.map((each) => ({
        caption: `${each.strategy}: one image.`,
        drawing: prefixDrawing(each),
      })),
    },
  ];
}

import type { Markup } from '../../report/markup.ts';
import { short } from '../numbers.ts';
import type { StrategyCase } from '../strategies.ts';
import { type Drawing, path, rect, text } from './svg.ts';

const QUARTER = { width: 192, height: 132 };
const LEFT = 36;
const TOP = 22;

/** The four cases in a square: what is frozen, what is trained, block by block. */
export function casesDrawing(cases: readonly StrategyCase[]): Drawing {
  const columns = ['similar', 'different'] as const;
  const rows = ['small', 'large'] as const;
  const quarters = cases.flatMap((each) =>
    quarter(each, {
      x: LEFT + columns.indexOf(each.images) * QUARTER.width,
      y: TOP + rows.indexOf(each.data) * QUARTER.height,
    }),
  );
  const bottom = TOP + 2 * QUARTER.height;
  return {
    width: LEFT + 2 * QUARTER.width + 4,
    height: bottom + 26,
    title: cases
      .map(({ strategy, data, images }) => `${data} data, ${images} images: ${strategy}`)
      .join('; '),
    parts: [
      ...columns.map((name, at) =>
        text(LEFT + (at + 0.5) * QUARTER.width, 13, `${name} images`, {
          anchor: 'middle',
          colour: 'quiet',
        }),
      ),
      ...rows.map((name, at) =>
        text(2, TOP + (at + 0.5) * QUARTER.height, name, { colour: 'quiet' }),
      ),
      ...quarters,
      ...legend(bottom + 18),
    ],
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

const HEIGHTS = [58, 48, 38, 29, 21] as const;

function quarter(of: StrategyCase, { x, y }: Place): Markup[] {
  const { strategy, start, solved, epochs } = of;
  const frame = { x: x + 3, y: y + 3, width: QUARTER.width - 6, height: QUARTER.height - 6 };
  const how =
    start === 'random'
      ? 'from random weights'
      : solved
        ? epochs > 0
          ? 'from a solved head'
          : 'the head is solved'
        : 'from pretrained weights';
  return [
    rect(frame, { fill: 'card', stroke: 'line' }),
    text(x + 12, y + 22, strategy, { bold: true, size: 14 }),
    text(x + QUARTER.width - 12, y + 22, how, { anchor: 'end', colour: 'quiet', size: 10.5 }),
    ...HEIGHTS.flatMap((height, at) =>
      block(of, at, { x: x + 12 + at * 26, y: y + 66 - height / 2 }),
    ),
    ...headOf(of, { x: x + 12 + HEIGHTS.length * 26, y: y + 66 - 11 }),
    text(x + 12, y + QUARTER.height - 14, sizeText(of), { colour: 'quiet', size: 10.5 }),
  ];
}

function block(of: StrategyCase, at: number, { x, y }: Place): Markup[] {
  const pattern = new RegExp(`^conv${at + 1}_`);
  const isTrained = of.trained.some((name) => pattern.test(name));
  const height = HEIGHTS[at] ?? 0;
  return [
    rect(
      { x, y, width: 21, height },
      isTrained ? { fill: 'second' } : { fill: 'line', stroke: 'quiet', dashed: true },
    ),
    text(x + 10.5, y + height / 2 + 4, String(at + 1), {
      anchor: 'middle',
      colour: isTrained ? 'card' : 'text',
    }),
  ];
}

function headOf(of: StrategyCase, { x, y }: Place): Markup[] {
  const isOnlySolved = of.solved && of.epochs === 0;
  return [
    path(
      [
        [x - 4, y + 11],
        [x, y + 11],
      ],
      { stroke: 'quiet' },
    ),
    rect({ x, y, width: 34, height: 22 }, { fill: isOnlySolved ? 'first' : 'second' }),
    text(x + 17, y + 15, 'head', { anchor: 'middle', colour: 'card', size: 11 }),
  ];
}

function sizeText({ parameters: { trained, total } }: StrategyCase): string {
  return `${short(trained)} of ${short(total)} trained`;
}

function legend(y: number): Markup[] {
  const entries = [
    ['frozen', { fill: 'line', stroke: 'quiet', dashed: true }],
    ['trained', { fill: 'second' }],
    ['solved to its optimum', { fill: 'first' }],
  ] as const;
  return entries.flatMap(([name, look], at) => [
    rect({ x: LEFT + 4 + at * 90, y: y - 10, width: 14, height: 12 }, look),
    text(LEFT + 24 + at * 90, y, name, { size: 11 }),
  ]);
}

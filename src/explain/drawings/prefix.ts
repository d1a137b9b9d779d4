import { bytes } from '../../base/number-formats.ts';
import type { Markup } from '../../report/markup.ts';
import { range, short } from '../numbers.ts';
import type { StrategyCase } from '../strategies.ts';
import { arrow, type Drawing, type Look, path, rect, text } from './svg.ts';

/** The frozen layers that run once, what is kept of them, and the layers that each epoch runs. */
export function prefixDrawing(of: StrategyCase): Drawing {
  const { strategy, macs, epochs, kept, pictures } = of;
  const hasSteps = epochs > 0;
  const again = hasSteps ? `${epochs} epochs: ${short(macs.step)} each` : 'solved in seconds';
  const once = pictures === 1 ? 'once' : `once each of ${pictures} pictures`;
  return {
    width: 420,
    height: 150,
    title: `${strategy}: the frozen layers run ${once}, their activations are kept, and ${again}`,
    parts: [
      ...box({ x: 4, width: 50 }, ['an', 'image']),
      arrow([54, 60], [72, 60]),
      ...box({ x: 72, width: 112, kind: 'frozen' }, ['frozen', range(of.frozen)]),
      arrow([184, 60], [202, 60]),
      ...box({ x: 202, width: 70 }, ['cache', bytes(kept)]),
      arrow([272, 60], [290, 60]),
      ...box({ x: 290, width: 124, kind: hasSteps ? 'trained' : 'solved' }, [
        hasSteps ? 'trained' : 'solved',
        range(of.trained),
      ]),
      text(128, 112, once, { anchor: 'middle', bold: true }),
      text(128, 128, `${short(macs.frozen)} multiply-adds`, {
        anchor: 'middle',
        colour: 'quiet',
        size: 11,
      }),
      text(352, 128, again, { anchor: 'middle', colour: 'quiet', size: 11 }),
      ...(hasSteps ? loop() : []),
      text(352, 112, hasSteps ? 'again and again' : 'no steps', { anchor: 'middle', bold: true }),
    ],
  };
}

function loop(): Markup[] {
  return [
    path(
      [
        [352, 32],
        [352, 14],
        [237, 14],
      ],
      { stroke: 'quiet' },
    ),
    arrow([237, 14], [237, 32]),
    text(295, 11, 'each epoch', { anchor: 'middle', colour: 'quiet', size: 10.5 }),
  ];
}

interface Place {
  readonly x: number;
  readonly width: number;
  readonly kind?: 'frozen' | 'trained' | 'solved';
}

const LOOKS = {
  plain: { fill: 'card', stroke: 'quiet' },
  frozen: { fill: 'line', stroke: 'quiet', dashed: true },
  trained: { fill: 'second', stroke: 'second' },
  solved: { fill: 'first', stroke: 'first' },
} as const satisfies Record<string, Look>;

function box({ x, width, kind }: Place, lines: readonly [string, string]): Markup[] {
  const colour = kind === 'trained' || kind === 'solved' ? 'card' : 'text';
  return [
    rect({ x, y: 32, width, height: 56 }, LOOKS[kind ?? 'plain']),
    text(x + width / 2, 56, lines[0], { anchor: 'middle', colour, bold: true }),
    text(x + width / 2, 73, lines[1], { anchor: 'middle', colour, size: 11 }),
  ];
}

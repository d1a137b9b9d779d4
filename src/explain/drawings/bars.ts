import type { Markup } from '../../report/markup.ts';
import { type Colour, type Drawing, rect, text } from './svg.ts';

export interface Bar {
  readonly value: number;
  /** The value in words, behind the bar. */
  readonly label: string;
  readonly colour: Colour;
}

export interface BarRow {
  readonly name: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 420;
const BAR = 13;
const GAP = 6;
/** Room for a label behind the longest bar. */
const LABEL = 92;

/** Level bars with their names before them and their values behind; the longest reaches as far as there is room. */
export function barDrawing(title: string, rows: readonly BarRow[]): Drawing {
  const left = 8 + 7 * Math.max(...rows.map(({ name }) => name.length));
  const most = Math.max(1, ...rows.flatMap(({ bars }) => bars.map(({ value }) => value)));
  let y = 2;
  const parts: Markup[] = [];
  for (const { name, bars } of rows) {
    const height = bars.length * BAR;
    parts.push(text(left - 6, y + height / 2 + 4, name, { anchor: 'end' }));
    for (const [at, { value, label, colour }] of bars.entries()) {
      const width = Math.max(1, (value / most) * (WIDTH - left - LABEL));
      parts.push(rect({ x: left, y: y + at * BAR, width, height: BAR - 2 }, { fill: colour }));
      parts.push(text(left + width + 4, y + at * BAR + 9.5, label, { size: 11, colour: 'quiet' }));
    }
    y += height + GAP;
  }
  return { width: WIDTH, height: y, title, parts };
}

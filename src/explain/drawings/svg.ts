import { html, type Markup } from '../../report/markup.ts';

/** A drawing. Its colours are variables of the page's style, so that it follows light and dark. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** What it shows, for those who do not see it. */
  readonly title: string;
  readonly parts: readonly Markup[];
}

export type Colour = 'first' | 'second' | 'third' | 'line' | 'card' | 'quiet' | 'text';

/** The drawing as an element of a page. */
export function svg({ width, height, title, parts }: Drawing): Markup {
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="12">${parts}</svg>`;
}

/** The colours of pages, for a drawing that stands alone. */
const COLOURS = `svg{--text:#1d1f23;--quiet:#5b616b;--line:#d9dce1;--card:#fff;--first:#2563a8;--second:#c2410c;--third:#4d7c0f}
@media (prefers-color-scheme:dark){svg{--text:#e8eaed;--quiet:#a3abb8;--line:#3a3f49;--card:#1f2228;--first:#7ab5f5;--second:#ff9d66;--third:#a8d765}}`;

/** The drawing as a file of its own, with a ground that follows light and dark as well. */
export function svgFile({ width, height, title, parts }: Drawing): string {
  const ground = rect({ x: 0, y: 0, width, height }, { fill: 'card' });
  const file = html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12"><title>${title}</title><style>${COLOURS}</style>${ground}${parts}</svg>
`;
  return file.text;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Look {
  readonly fill?: Colour;
  readonly stroke?: Colour;
  /** Opacity of the fill. */
  readonly opacity?: number;
  readonly dashed?: boolean;
}

export function rect({ x, y, width, height }: Box, look: Look): Markup {
  return html`<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" style="${styleOf(look)}"/>`;
}

/** A line through some points; filled where the look says so. */
export function path(points: readonly (readonly [number, number])[], look: Look): Markup {
  const steps = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${number(x)} ${number(y)}`);
  return html`<path d="${steps.join('')}" style="${styleOf(look)}"/>`;
}

/** A line with a head at its end, level or upright. */
export function arrow(from: readonly [number, number], to: readonly [number, number]): Markup {
  const [x, y] = to;
  const [along, across] = [Math.sign(x - from[0]), Math.sign(y - from[1])];
  const head = [-1, 1].map(
    (side) => [x - 6 * along + 4 * side * across, y - 6 * across + 4 * side * along] as const,
  );
  const [left = to, right = to] = head;
  return html`${path([from, to], { stroke: 'quiet' })}${path([left, to, right], { stroke: 'quiet' })}`;
}

export interface TextLook {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly colour?: Colour;
  readonly bold?: boolean;
  readonly size?: number;
}

export function text(x: number, y: number, words: string, look: TextLook = {}): Markup {
  const { anchor = 'start', colour = 'text', bold = false, size = 12 } = look;
  const style = `fill:var(--${colour});font-size:${size}px${bold ? ';font-weight:600' : ''}`;
  return html`<text x="${number(x)}" y="${number(y)}" text-anchor="${anchor}" style="${style}">${words}</text>`;
}

function styleOf({ fill, stroke, opacity = 1, dashed = false }: Look): string {
  return [
    `fill:${fill === undefined ? 'none' : `var(--${fill})`}`,
    ...(fill !== undefined && opacity < 1 ? [`fill-opacity:${opacity}`] : []),
    ...(stroke === undefined ? [] : [`stroke:var(--${stroke})`]),
    ...(dashed ? ['stroke-dasharray:4 3'] : []),
  ].join(';');
}

/** A length with at most two digits behind the point. */
const number = (value: number) => String(Math.round(value * 100) / 100);

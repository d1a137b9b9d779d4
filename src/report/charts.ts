import type { Markup } from './markup.ts';
import { trusted } from './markup.ts';

/** A line of a chart. Its colour is a variable of the page's style, so that it follows light and dark. */
export interface Series {
  readonly name: string;
  readonly colour: 'first' | 'second' | 'third';
  readonly points: readonly (readonly [number, number])[];
}

export interface LineChart {
  /** What the chart shows, for those who do not see it. */
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Where something begins on the x axis, with its name. */
  readonly marks?: readonly { readonly at: number; readonly name: string }[];
  /** Whether y is a share of 1, shown in per cent. */
  readonly isShare?: boolean;
  readonly isLog?: boolean;
}

export interface Bin {
  /** Means over the images of the bin. */
  readonly confidence: number;
  readonly accuracy: number;
  readonly count: number;
}

/** Draws charts as SVG. */
export interface Charts {
  lines(chart: LineChart): Markup;
  reliability(title: string, bins: readonly Bin[]): Markup;
}

const SIZE = { width: 440, height: 260, marginLeft: 52, marginBottom: 40 } as const;
const FONT = { fontSize: '12px' };

/** What is asked of an element that was drawn. */
interface Drawn {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  querySelectorAll(selector: string): ArrayLike<{ removeAttribute(name: string): void }>;
}

/** The library, and a document for it to make its elements with. */
interface Tools {
  readonly Plot: typeof import('@observablehq/plot');
  readonly document: unknown;
}

/**
 * Loads the library, which takes longer than drawing. It wants a document to make its elements with; Domino's is
 * small, and has no window, network or scripts.
 */
export async function openCharts(): Promise<Charts> {
  const [Plot, { default: domino }] = await Promise.all([
    import('@observablehq/plot'),
    import('@mixmark-io/domino'),
  ]);
  const tools = { Plot, document: domino.createDocument('') };
  return {
    lines: (chart) => lines(tools, chart),
    reliability: (title, bins) => reliability(tools, title, bins),
  };
}

function drawn({ Plot, document }: Tools, title: string, options: object): Markup {
  const svg: Drawn = Plot.plot({ ...SIZE, style: FONT, document, ...options });
  // The whole is one image to those who hear it; names of its parts are not allowed inside of that.
  for (const part of Array.from(svg.querySelectorAll('[aria-label]'))) {
    part.removeAttribute('aria-label');
  }
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  return trusted(svg.outerHTML);
}

function lines(tools: Tools, chart: LineChart): Markup {
  const { Plot } = tools;
  const { title, x, y, series, marks = [], isShare, isLog } = chart;
  const [from, to] = extent(series.flatMap(({ points }) => points.map(([at]) => at)));
  return drawn(tools, title, {
    x: { label: x, domain: [Math.min(from, 1), Math.max(to, from + 1)], ...wholeTicks(to) },
    y: {
      label: y,
      grid: true,
      ...(isShare && { percent: true, domain: [0, 100] }),
      ...(isLog && { type: 'log', ticks: 4, tickFormat: '.0e' }),
    },
    marks: [
      Plot.ruleX(marks, { x: 'at', stroke: 'currentColor', strokeOpacity: 0.4 }),
      Plot.text(marks, { x: 'at', text: 'name', frameAnchor: 'top', textAnchor: 'start', dx: 4 }),
      ...series.map(({ points, colour }) =>
        Plot.lineY([...points], {
          x: '0',
          y: '1',
          stroke: `var(--${colour})`,
          strokeWidth: 2,
          // A line of few points, or of one, cannot be seen otherwise.
          ...(points.length <= 20 && { marker: 'dot' }),
        }),
      ),
    ],
  });
}

function reliability(tools: Tools, title: string, bins: readonly Bin[]): Markup {
  const { Plot } = tools;
  const filled = bins.flatMap((bin, at) =>
    bin.count === 0 ? [] : [{ ...bin, from: at / bins.length, to: (at + 1) / bins.length }],
  );
  const ideal = [
    [0, 0],
    [1, 1],
  ];
  return drawn(tools, title, {
    x: { label: 'confidence (%)', domain: [0, 100], percent: true },
    y: { label: 'accuracy (%)', domain: [0, 100], percent: true, grid: true },
    marks: [
      Plot.rect(filled, {
        x1: 'from',
        x2: 'to',
        y1: 0,
        y2: 'accuracy',
        fill: 'var(--first)',
        fillOpacity: 0.55,
        insetLeft: 1,
        insetRight: 1,
      }),
      Plot.line(ideal, { stroke: 'currentColor', strokeDasharray: '4 4' }),
      Plot.dot(filled, { x: 'confidence', y: 'accuracy', r: 3, fill: 'var(--second)' }),
    ],
  });
}

function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce<readonly [number, number]>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

/** Epochs are whole: a short axis has a tick for each. */
const wholeTicks = (to: number) =>
  to <= 10
    ? { ticks: Array.from({ length: Math.ceil(to) }, (_, at) => at + 1), tickFormat: 'd' }
    : {};

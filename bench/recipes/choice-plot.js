// The confidence of advice against how often it was right, as SVG, readable on light and on dark.

import domino from '@mixmark-io/domino';
import * as Plot from '@observablehq/plot';
import { confidenceBins, confidences } from './choice-table.js';

const WAYS = [
  { way: 'withTrials', name: 'with trials', colour: '#3b6fd4' },
  { way: 'without', name: 'without trials', colour: '#c8642c' },
];

const TITLE = 'Confidence of the advice against how often it was right';
const STYLE = `<style>svg { color: #777; font-family: sans-serif; }</style>`;

/** Where the tick of a choice begins: above all where it was right, below where it was not. */
const placeOf = (hit, row) => (hit ? 1.02 + row * 0.03 : -0.045 - row * 0.03);

export function confidencePlot(advice, runs, of) {
  const choices = WAYS.flatMap((each, row) =>
    confidences(advice, runs, { ...of, way: each.way }).map((choice) => ({
      ...each,
      ...choice,
      row,
    })),
  );
  const bins = WAYS.flatMap((each) =>
    confidenceBins(choices.filter(({ way }) => way === each.way)).map((bin) => ({
      ...each,
      ...bin,
    })),
  );
  const svg = Plot.plot({
    ...{ width: 640, height: 420, marginBottom: 44, marginLeft: 56, style: { fontSize: '13px' } },
    document: domino.createDocument(''),
    x: { label: 'confidence that was stated (%)', percent: true, domain: [45, 100] },
    y: {
      label: 'right: within two points of the best (%)',
      percent: true,
      domain: [-8, 108],
      grid: true,
    },
    marks: [
      Plot.line(
        [
          [0.45, 0.45],
          [1, 1],
        ],
        { stroke: 'currentColor', strokeDasharray: '4 4' },
      ),
      // Each choice is a tick: above where it was right, below where it was not.
      Plot.ruleX(choices, {
        ...{ x: 'confidence', stroke: 'colour', strokeWidth: 1.5 },
        y1: ({ hit, row }) => placeOf(hit, row),
        y2: ({ hit, row }) => placeOf(hit, row) + 0.025,
      }),
      Plot.line(bins, { x: 'said', y: 'hit', z: 'way', stroke: 'colour', strokeWidth: 2 }),
      Plot.dot(bins, {
        x: 'said',
        y: 'hit',
        r: 8,
        fill: 'colour',
      }),
      Plot.text(bins, {
        x: 'said',
        y: 'hit',
        text: ({ count }) => `${count}`,
        fill: 'white',
        fontSize: 10,
      }),
      ...WAYS.map(({ name, colour }, row) =>
        Plot.text([name], {
          ...{ frameAnchor: 'bottom-right', fontWeight: 'bold', dx: -6, dy: -40 - 18 * row },
          fill: colour,
        }),
      ),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  // Its own style is for pages, and half of it is not known to SVG.
  svg.querySelector('style')?.remove();
  const text = svg.outerHTML.replace(/^(<svg[^>]*>)/, `$1\n<title>${TITLE}</title>\n${STYLE}\n`);
  return `${text}\n`;
}

import type { DenseLesson } from '../dense.ts';
import { arrow, type Box, type Drawing, rect, text } from './svg.ts';

const SIDE = 168;

/** A window that slides over the last map of a larger image, and the map of scores that it gives. */
export function windowDrawing({ window, images }: DenseLesson): Drawing | undefined {
  const image = images.find(({ scores, size }) => scores > 1 && size >= 2 * (images[0]?.size ?? 1));
  if (image === undefined) return undefined;
  const { map, scores, size } = image;
  const cell = SIDE / map;
  const left = { x: 6, y: 24, width: SIDE, height: SIDE };
  const right = { x: 250, y: 24, width: scores * cell, height: scores * cell };
  return {
    width: 420,
    height: SIDE + 46,
    title: `On an image of ${size} pixels a side a window of ${window} x ${window} cells slides over the last map, ${map} x ${map}, and gives ${scores} x ${scores} scores`,
    parts: [
      text(left.x, 14, `last map, ${map} x ${map}`),
      ...grid(left, map, cell),
      rect(
        { x: left.x, y: left.y, width: window * cell, height: window * cell },
        { fill: 'second', stroke: 'second', opacity: 0.4 },
      ),
      arrow([left.x + SIDE + 14, left.y + cell / 2], [right.x - 10, left.y + cell / 2]),
      text(right.x, 14, `scores, ${scores} x ${scores}`),
      ...grid(right, scores, cell),
      rect({ x: right.x, y: right.y, width: cell, height: cell }, { fill: 'second' }),
      text(left.x, left.y + SIDE + 16, `image ${size} x ${size}, window ${window} x ${window}`, {
        colour: 'quiet',
      }),
    ],
  };
}

function grid({ x, y }: Box, side: number, cell: number) {
  return Array.from({ length: side ** 2 }, (_, at) =>
    rect(
      { x: x + (at % side) * cell, y: y + Math.floor(at / side) * cell, width: cell, height: cell },
      { fill: 'first', stroke: 'card', opacity: 0.3 },
    ),
  );
}

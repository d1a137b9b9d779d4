// Pictures that are drawn by chance, 64 x 64, each by its own random numbers: unlike anything that networks are
// pretrained on.
import { createRng } from '../../../dist/base/rng.js';
import sharp from '../../sharp.js';

const SIDE = 64;
const between = (rng, low, high) => low + rng.uniform() * (high - low);

/** Strokes of the digits on a grid of 4 x 6. */
const STROKES = [
  ['1,0 3,0 4,2 4,4 3,6 1,6 0,4 0,2 1,0'],
  ['1,1 2,0 2,6', '1,6 3,6'],
  ['0,1 1,0 3,0 4,1 4,2 0,6 4,6'],
  ['0,0 4,0 2,2 4,4 3,6 0,6'],
  ['3,6 3,0 0,4 4,4'],
  ['4,0 0,0 0,3 3,2 4,4 3,6 0,6'],
  ['3,0 1,1 0,4 1,6 3,6 4,4 3,3 0,4'],
  ['0,0 4,0 1,6'],
  ['2,3 0,2 1,0 3,0 4,2 2,3 0,4 1,6 3,6 4,4 2,3'],
  ['4,2 2,3 0,2 1,0 3,0 4,2 3,6'],
];

const vector = (content, background) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="64" height="64" fill="${background}"/>${content}</svg>`,
    ),
  );

/** A digit as if written by hand, dark on light, somewhere, turned a little, with other strokes. */
function digit(value, rng) {
  const scale = between(rng, 3.5, 7);
  const [left, top] = [between(rng, 4, 58 - 4 * scale), between(rng, 4, 60 - 6 * scale)];
  const point = (pair) => {
    const [x, y] = pair.split(',').map(Number);
    return `${left + scale * (x + 0.3 * rng.normal())} ${top + scale * (y + 0.3 * rng.normal())}`;
  };
  const path = STROKES[value].map((stroke) => `M${stroke.split(' ').map(point).join(' L')}`);
  const grey = Math.round(between(rng, 0, 90));
  const paper = Math.round(between(rng, 150, 255));
  const clutter = Array.from({ length: 3 }, () => {
    const [x, y] = [between(rng, 0, 64), between(rng, 0, 64)];
    return `M${x} ${y} l${8 * rng.normal()} ${8 * rng.normal()}`;
  });
  return vector(
    `<g fill="none" stroke="rgb(${grey},${grey},${grey})" stroke-linecap="round" stroke-linejoin="round"><path stroke-width="${between(rng, 1.2, 4)}" transform="rotate(${12 * rng.normal()} 32 32)" d="${path.join(' ')}"/><path stroke-width="1.5" opacity="0.6" d="${clutter.join(' ')}"/></g>`,
    `rgb(${paper},${paper},${paper})`,
  );
}

/** Waves at one of eight angles, of any width, in strong noise. */
function grating(index, rng) {
  const angle = (Math.PI * (index + between(rng, -0.25, 0.25))) / 8;
  const [pace, phase] = [between(rng, 0.3, 1.1), between(rng, 0, 6.28)];
  const [u, v] = [pace * Math.cos(angle), pace * Math.sin(angle)];
  const pixels = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
    const value = Math.sin(u * (at % SIDE) + v * Math.floor(at / SIDE) + phase);
    return Math.max(0, Math.min(255, 128 + 45 * value + 45 * rng.normal()));
  });
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } });
}

/** Two to six dots that do not touch, of any size and colour: their number is the class. */
function dots(index, rng) {
  const placed = [];
  for (let tries = 0; placed.length < index + 2; tries++) {
    const r = between(rng, 2.5, tries > 200 ? 4 : 9);
    const dot = { r, x: between(rng, r + 1, 63 - r), y: between(rng, r + 1, 63 - r) };
    const isFree = placed.every(
      ({ x, y, r: other }) => Math.hypot(x - dot.x, y - dot.y) > r + other + 2,
    );
    if (isFree) placed.push(dot);
  }
  const hue = () => Math.round(360 * rng.uniform());
  const circles = placed.map(
    ({ x, y, r }) => `<circle cx="${x}" cy="${y}" r="${r}" fill="hsl(${hue()},70%,35%)"/>`,
  );
  return vector(circles.join(''), `hsl(${hue()},40%,88%)`);
}

const DRAWN = {
  gratings: { draw: grating, classes: 8 },
  dots: { draw: dots, classes: 5 },
  'digits-drawn': { draw: digit, classes: 10 },
};
const COUNT = 80;

/** The pictures of a set that is drawn. */
export const drawnByChance = (name) => async () => {
  const { draw, classes } = DRAWN[name];
  return Array.from({ length: classes * COUNT }, (_, at) => {
    const [label, number] = [at % classes, Math.floor(at / classes)];
    const open = () => draw(label, createRng('drawn', name, label, number));
    return { label: `class-${label}`, family: `${label}-${number}`, open };
  });
};

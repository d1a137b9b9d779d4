// Pictures drawn by formulas: fractals of iterated function systems (a system a class, as in Kataoka
// et al. 2020, "Pre-training without Natural Images"), textures, and plain shapes.
import sharp from 'sharp';
import { createRng } from '../../dist/base/rng.js';

const SIDE = 80;
const FRACTALS = Array.from({ length: 24 }, (_, index) => `fractal-${index}`);

const between = (rng, low, high) => low + rng.uniform() * (high - low);
const rgb = (rng) => [rng.integer(256), rng.integer(256), rng.integer(256)];

/** Two colours that can be told apart. */
function twoColours(rng) {
  for (;;) {
    const [a, b] = [rgb(rng), rgb(rng)];
    if (a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) > 160) return [a, b];
  }
}

const wave = (value) => 0.5 + 0.5 * Math.sin(value);
const fraction = (value) => value - Math.floor(value);

/** By name: given random numbers, a function of a point that says how much of the second colour. */
const TEXTURE_KINDS = {
  stripes: (rng) => {
    const share = between(rng, 0.3, 0.7);
    return (x) => Number(fraction(x) < share);
  },
  waves: (rng) => {
    const [bend, pace] = [between(rng, 0.5, 2), between(rng, 0.5, 2)];
    return (x, y) => wave(6.28 * (x + bend * 0.3 * Math.sin(6.28 * pace * y)));
  },
  checks: () => (x, y) => Number(fraction(x) < 0.5 !== fraction(y) < 0.5),
  dots: (rng) => {
    const radius = between(rng, 0.15, 0.4);
    return (x, y) => Number(Math.hypot(fraction(x) - 0.5, fraction(y) - 0.5) < radius);
  },
  bricks: () => (x, y) =>
    Number(fraction(y * 2) < 0.15 || fraction(x + (Math.floor(y * 2) % 2) / 2) < 0.08),
  rings: () => (x, y) => wave(6.28 * Math.hypot(x, y)),
  spokes: (rng) => {
    const count = 4 + rng.integer(8);
    return (x, y) => wave(count * Math.atan2(y, x));
  },
  cells: (rng) => {
    const points = Array.from({ length: 24 }, () => [between(rng, -3, 3), between(rng, -3, 3)]);
    return (x, y) => {
      const [near, next] = points
        .map(([a, b]) =>
          Math.hypot(fraction((x - a) / 6 + 0.5) * 6 - 3, fraction((y - b) / 6 + 0.5) * 6 - 3),
        )
        .sort((a, b) => a - b);
      return Math.min(1, (next - near) * 3);
    };
  },
  clouds: (rng) => {
    const terms = Array.from({ length: 12 }, (_, i) => {
      const angle = between(rng, 0, 6.28);
      const pace = 1.5 ** (i / 2);
      return [Math.cos(angle) * pace, Math.sin(angle) * pace, between(rng, 0, 6.28), 1 / pace];
    });
    const total = terms.reduce((sum, [, , , weight]) => sum + weight, 0);
    return (x, y) =>
      terms.reduce((sum, [a, b, c, weight]) => sum + weight * wave(3 * (a * x + b * y) + c), 0) /
      total;
  },
};

export const TEXTURES = Object.keys(TEXTURE_KINDS);

/** By name: whether a point of the unit disc belongs to the shape. */
const SHAPES = {
  disc: (x, y) => Math.hypot(x, y) < 0.8,
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.65) < 0.18,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.65,
  triangle: (x, y) => y < 0.5 && y > -0.9 + 1.8 * Math.abs(x),
  diamond: (x, y) => Math.abs(x) / 0.6 + Math.abs(y) < 0.9,
  cross: (x, y) =>
    Math.min(Math.abs(x), Math.abs(y)) < 0.22 && Math.max(Math.abs(x), Math.abs(y)) < 0.8,
  star: (x, y) => Math.hypot(x, y) < 0.5 + 0.35 * Math.cos(5 * Math.atan2(x, -y)),
  flower: (x, y) => Math.hypot(x, y) < 0.6 + 0.2 * Math.sin(7 * Math.atan2(y, x)),
  crescent: (x, y) => Math.hypot(x, y) < 0.8 && Math.hypot(x - 0.35, y) > 0.65,
  arrow: (x, y) =>
    (Math.abs(y) < 0.18 && x < 0.1 && x > -0.8) || (x > 0.1 && x < 0.85 - Math.abs(y)),
  heart: (x, y) => (x * x * 1.4 + y * y * 1.4 - 0.5) ** 3 + x * x * y ** 3 * 1.6 < 0,
  half: (x, y) => Math.hypot(x, y) < 0.85 && y > 0,
};

/** The classes. */
export const DRAWN = [...FRACTALS, ...TEXTURES, ...Object.keys(SHAPES)];

/** @returns a sharp image, [80, 80, 3] */
export function drawn(name, rng) {
  if (name in TEXTURE_KINDS) return texture(TEXTURE_KINDS[name](rng), rng);
  if (name in SHAPES) return shape(SHAPES[name], rng);
  return fractal(name, rng);
}

/** Each pixel's share of the second colour, from a point turned, scaled and moved. */
function painted(share, rng, [first, second]) {
  const angle = between(rng, 0, 6.28);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column / SIDE - 0.5, row / SIDE - 0.5];
      const part = share(cos * x - sin * y, sin * x + cos * y);
      for (let channel = 0; channel < 3; channel++) {
        const value = first[channel] + part * (second[channel] - first[channel]);
        pixels[(row * SIDE + column) * 3 + channel] = value;
      }
    }
  }
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
}

function texture(share, rng) {
  const scale = between(rng, 2.5, 8);
  const [dx, dy] = [between(rng, -0.6, 0.6), between(rng, -0.6, 0.6)];
  return painted((x, y) => share(scale * x + dx, scale * y + dy), rng, twoColours(rng));
}

function shape(isInside, rng) {
  const scale = 2 / between(rng, 0.5, 0.95);
  const layerRange = between(rng, 0.75, 1.33);
  const [dx, dy] = [between(rng, -0.12, 0.12), between(rng, -0.12, 0.12)];
  const share = (x, y) => Number(isInside(scale * (x + dx) * layerRange, scale * (y + dy)));
  return painted(share, rng, twoColours(rng)).blur(0.6);
}

/** The maps of a class, moved a little: points are drawn by the chaos game, and counted by pixel. */
function fractal(name, rng) {
  const maps = systemOf(name).map((map) => map.map((value) => value * between(rng, 0.9, 1.1)));
  const points = chaosGame(maps, rng);
  const xs = points.map(([x]) => x).sort((a, b) => a - b);
  const ys = points.map(([, y]) => y).sort((a, b) => a - b);
  const at = (sorted, share) => sorted[Math.floor(share * (sorted.length - 1))];
  const [left, right] = [at(xs, 0.01), at(xs, 0.99)];
  const [top, bottom] = [at(ys, 0.01), at(ys, 0.99)];
  const counts = new Float32Array(SIDE * SIDE);
  for (const [x, y] of points) {
    const column = Math.floor(((x - left) / (right - left + 1e-9)) * (SIDE - 8) + 4);
    const row = Math.floor(((y - top) / (bottom - top + 1e-9)) * (SIDE - 8) + 4);
    if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) counts[row * SIDE + column]++;
  }
  const share = (x, y) => {
    const [column, row] = [Math.floor((x + 0.5) * SIDE), Math.floor((y + 0.5) * SIDE)];
    if (column < 0 || column >= SIDE || row < 0 || row >= SIDE) return 0;
    return Math.min(1, counts[row * SIDE + column] / 2);
  };
  return painted(share, rng, twoColours(rng));
}

const systems = new Map();

/** Contracting affine maps [a, b, c, d, e, f] of a class, the same in every picture of it. */
function systemOf(name) {
  const known = systems.get(name);
  if (known !== undefined) return known;
  for (let attempt = 0; ; attempt++) {
    const rng = createRng('system', name, attempt);
    const maps = Array.from({ length: 2 + rng.integer(4) }, () =>
      Array.from({ length: 6 }, () => between(rng, -0.9, 0.9)),
    );
    const contracts = maps.every(([a, b, c, d]) => Math.hypot(a, b, c, d) < 1.15);
    if (contracts && spreadOf(maps) > 0.12) {
      systems.set(name, maps);
      return maps;
    }
  }
}

/** The share of a coarse grid that the attractor covers. */
function spreadOf(maps) {
  const points = chaosGame(maps, createRng('spread'));
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  if (!(width < 1e3 && height < 1e3)) return 0;
  const cells = new Set(
    points.map(
      ([x, y]) =>
        Math.floor((19 * (x - left)) / width) * 20 + Math.floor((19 * (y - top)) / height),
    ),
  );
  return cells.size / 400;
}

function chaosGame(maps, rng) {
  let [x, y] = [0, 0];
  const points = [];
  for (let step = 0; step < 6020; step++) {
    const [a, b, c, d, e, f] = maps[rng.integer(maps.length)];
    [x, y] = [a * x + b * y + e, c * x + d * y + f];
    if (step >= 20) points.push([x, y]);
  }
  return points;
}

// One emoji or icon on a background: size, place, turn, colours, blur and what hides a part of it are drawn.
import sharp from '../sharp.js';
import { drawn, TEXTURES } from './drawn.js';

/** Side of the pictures: a fifth more than the network takes, so that crops have room. */
export const SIDE = 80;

const between = (rng, low, high) => low + rng.uniform() * (high - low);
/** Any, with the same chance. */
export const colour = (rng) => ({ r: rng.integer(256), g: rng.integer(256), b: rng.integer(256) });
export const css = ({ r, g, b }) => `rgb(${r},${g},${b})`;
const svg = (content) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${content}</svg>`,
  );

/**
 * @param {string | Buffer} picture   a file, or the bytes of an image
 * @returns a sharp image, [80, 80, 3]
 */
export async function onBackground(picture, rng) {
  const side = Math.round(SIDE * between(rng, 0.5, 0.98));
  const { data, info } = await turnedEmoji(picture, rng, side)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const left = place(rng, info.width);
  const top = place(rng, info.height);
  const layers = [{ input: data, raw: pick(info), left, top }];
  if (rng.uniform() < 0.25) layers.push({ input: occluder(rng) });
  const back = await raw(background(rng));
  const flat = await raw(back.composite(layers));
  const opaque = flat.removeAlpha();
  return rng.uniform() < 0.25 ? opaque.blur(between(rng, 0.4, 1.3)) : opaque;
}

const pick = ({ width, height, channels }) => ({ width, height, channels });

/** The image made, as one that others can be laid on. */
async function raw(image) {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: pick(info) });
}

const place = (rng, length) => Math.round((SIDE - length) * between(rng, 0.15, 0.85));

function turnedEmoji(picture, rng, side) {
  const isTurned = rng.uniform() < 0.5;
  const angle = isTurned ? between(rng, -30, 30) : 0;
  // A turned square is larger: made to fit, so that the composition never cuts it.
  const largest = Math.floor(SIDE / (isTurned ? 1.37 : 1));
  const changed = sharp(picture)
    .resize(Math.min(side, largest), Math.min(side, largest), { kernel: 'cubic' })
    .ensureAlpha()
    .rotate(angle, { background: { r: 0, g: 0, b: 0, alpha: 0 } });
  const kind = rng.uniform();
  if (kind < 0.1) return changed.modulate({ saturation: 0 });
  if (kind < 0.55) {
    const changes = { saturation: between(rng, 0.5, 1.5), brightness: between(rng, 0.7, 1.25) };
    const hue = kind < 0.3 ? Math.round(between(rng, -40, 40)) : 0;
    return changed.modulate({ ...changes, hue });
  }
  return changed;
}

function background(rng) {
  const kind = rng.uniform();
  if (kind < 0.35) return plain({ r: 255, g: 255, b: 255 });
  if (kind < 0.6) return plain(colour(rng));
  if (kind < 0.8) return sharp(gradient(rng));
  return drawn(TEXTURES[rng.integer(TEXTURES.length)], rng);
}

function plain(background) {
  return sharp({ create: { width: SIDE, height: SIDE, channels: 3, background } });
}

function gradient(rng) {
  const angle = rng.integer(360);
  return svg(
    `<defs><linearGradient id="g" gradientTransform="rotate(${angle} .5 .5)"><stop offset="0" stop-color="${css(colour(rng))}"/><stop offset="1" stop-color="${css(colour(rng))}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/>`,
  );
}

/** A bar or a disc over a part near the edge. */
function occluder(rng) {
  const size = between(rng, 12, 28);
  const [x, y] = [between(rng, 0, SIDE), rng.uniform() < 0.5 ? between(rng, 0, 20) : SIDE - 15];
  return svg(
    rng.uniform() < 0.5
      ? `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${css(colour(rng))}"/>`
      : `<rect x="${x - size}" y="${y}" width="${2 * size}" height="${size / 2}" fill="${css(colour(rng))}" transform="rotate(${rng.integer(90)} ${x} ${y})"/>`,
  );
}

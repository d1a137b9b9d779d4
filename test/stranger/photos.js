// Photographs that a stranger could have: two kinds of things, of several sizes and lights.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const WIDTH = 640;
const HEIGHT = 480;

/** A picture of one thing, `at` of them each a little different. */
function drawing(thing, at) {
  const tone = (at * 47) % 200;
  const background = `rgb(${40 + tone}, ${(tone * 3) % 255}, ${220 - tone})`;
  const [x, y, size] = [160 + ((at * 61) % 320), 140 + ((at * 37) % 200), 60 + ((at * 29) % 70)];
  const shape =
    thing === 'balls'
      ? `<circle cx="${x}" cy="${y}" r="${size}" fill="rgb(${255 - tone}, 80, ${tone})"/>`
      : [0, 1, 2, 3]
          .map(
            (bar) =>
              `<rect x="${x - size}" y="${y - size + (bar * size) / 2}" width="${2 * size}" height="${size / 4}" fill="rgb(${tone}, ${255 - tone}, 60)"/>`,
          )
          .join('');
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="${background}"/>${shape}</svg>`,
  );
}

/**
 * Writes `photos/CLASS/N.jpg`, and `new/N.jpg` of both classes by turns, below a folder.
 * @param each how many images a class has
 */
export async function writePhotos(folder, each = 40) {
  for (const thing of ['balls', 'fences']) {
    mkdirSync(join(folder, 'photos', thing), { recursive: true });
    for (let at = 0; at < each; at++)
      await sharp(drawing(thing, at))
        .jpeg()
        .toFile(join(folder, 'photos', thing, `${at}.jpg`));
  }
  mkdirSync(join(folder, 'new'));
  for (let at = 0; at < 4; at++) {
    const thing = ['balls', 'fences'][at % 2];
    await sharp(drawing(thing, 100 + at))
      .jpeg()
      .toFile(join(folder, 'new', `${thing}-${at}.jpg`));
  }
}

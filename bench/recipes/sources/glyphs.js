// Signs: handwritten digits, and the letters of scripts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { packageFolder } from './packages.js';

const SIDE = 28;
/** Of each digit, a few hundred are enough to choose from. */
const DIGITS = 300;
const SHEET = 192;

/** Handwritten digits, dark on white as they were scanned. */
export async function digits({ packages }) {
  const folder = join(packageFolder(packages, 'mnist'), 'src', 'digits');
  const found = [];
  for (let digit = 0; digit < 10; digit++) {
    const { data } = JSON.parse(await readFile(join(folder, `${digit}.json`), 'utf8'));
    for (let number = 0; number < DIGITS; number++) {
      const at = number * SIDE * SIDE;
      const ink = data.slice(at, at + SIDE * SIDE);
      const bytes = Uint8Array.from(ink, (value) => 255 - Math.round(value * 255));
      const raw = { width: SIDE, height: SIDE, channels: 1 };
      const open = () => sharp(bytes, { raw });
      found.push({ label: `digit-${digit}`, family: `${digit}-${number}`, open });
    }
  }
  return found;
}

/** The first and the last code point of a script's letters. */
const SCRIPTS = {
  Armenian: [0x531, 0x586],
  Georgian: [0x10d0, 0x10f6],
  Hebrew: [0x5d0, 0x5ea],
  Ethiopic: [0x1200, 0x12f0],
  Devanagari: [0x905, 0x939],
  Bengali: [0x985, 0x9b9],
  Gurmukhi: [0xa05, 0xa39],
  Gujarati: [0xa85, 0xab9],
  Tamil: [0xb85, 0xbb9],
  Telugu: [0xc05, 0xc39],
  Kannada: [0xc85, 0xcb9],
  Malayalam: [0xd05, 0xd39],
  Sinhala: [0xd85, 0xdc6],
  Thai: [0xe01, 0xe2e],
  Lao: [0xe81, 0xeae],
  Khmer: [0x1780, 0x17b3],
  Myanmar: [0x1000, 0x102a],
};

/** One letter of a script, in a typeface with or without serifs. */
export async function scripts() {
  const found = [];
  for (const [script, [first, last]] of Object.entries(SCRIPTS)) {
    for (let code = first; code <= last; code++) {
      const letter = String.fromCodePoint(code);
      if (!/\p{L}/u.test(letter)) continue;
      const style = code % 2 === 0 ? 'Sans' : 'Serif';
      const open = () => letterIn(script, style, letter);
      found.push({ label: script.toLowerCase(), family: `${script}-${code}`, open });
    }
  }
  return found;
}

/** All letters are of one point size, so that a small letter stays small. */
function letterIn(script, style, letter) {
  const fontfile = `/usr/share/fonts/truetype/noto/Noto${style}${script}-Regular.ttf`;
  const font = `Noto ${style} ${script} 44`;
  const input = { text: { text: letter, font, fontfile, dpi: 144, rgba: true } };
  const sheet = { width: SHEET, height: SHEET, channels: 3, background: '#fff' };
  return sharp({ create: sheet }).composite([{ input, gravity: 'centre' }]);
}

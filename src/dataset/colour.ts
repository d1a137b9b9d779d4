import type { AugmentParameters } from './augment.ts';
import { reusable } from './reusable.ts';

type Colour = Pick<AugmentParameters, 'brightness' | 'contrast' | 'saturation' | 'hue'>;

/** The weights of ITU-R 601-2 luma, which PIL and torchvision turn colour into grey with. */
const [RED, GREEN, BLUE] = [0.2989, 0.587, 0.114];

/**
 * Changes colours in place as torchvision's `ColorJitter` does, always in the order brightness,
 * contrast, saturation, hue, and rounds once at the end. It runs on the main thread, beside the
 * training step, for every pixel of every augmented image.
 *
 * @param pixels RGB, 0-255, three bytes a pixel
 */
export function changeColours(pixels: Uint8Array, colour: Colour): void {
  const { saturation, hue } = colour;
  if (colour.brightness === 1 && colour.contrast === 1 && saturation === 1 && hue === 0) return;
  const levels = changedLevels(pixels, colour);
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    let r = levels[pixels[at] as number] as number;
    let g = levels[pixels[at + 1] as number] as number;
    let b = levels[pixels[at + 2] as number] as number;
    if (saturation !== 1) {
      const rest = (1 - saturation) * (RED * r + GREEN * g + BLUE * b);
      r = clamp(saturation * r + rest);
      g = clamp(saturation * g + rest);
      b = clamp(saturation * b + rest);
    }
    if (hue !== 0) {
      // Through HSV: the hue moves, saturation and value stay.
      const value = Math.max(r, g, b);
      const chroma = value - Math.min(r, g, b);
      const turned = sixthOf(r, g, b) + 6 * hue + 12;
      r = value - chroma * fall(5 + turned);
      g = value - chroma * fall(3 + turned);
      b = value - chroma * fall(1 + turned);
    }
    // A store into bytes drops the fraction.
    pixels[at] = r + 0.5;
    pixels[at + 1] = g + 0.5;
    pixels[at + 2] = b + 0.5;
  }
}

function clamp(value: number): number {
  return Math.max(0, Math.min(value, 255));
}

const levelsOf = reusable((length) => new Float64Array(length));

/** The result of brightness and contrast for each value of a channel. */
function changedLevels(pixels: Uint8Array, { brightness, contrast }: Colour): Float64Array {
  const levels = levelsOf(256);
  for (let value = 0; value < 256; value++) levels[value] = clamp(value * brightness);
  if (contrast === 1) return levels;
  const rest = (1 - contrast) * meanGrey(pixels, levels);
  for (let value = 0; value < 256; value++) {
    levels[value] = clamp(contrast * (levels[value] as number) + rest);
  }
  return levels;
}

function meanGrey(pixels: Uint8Array, levels: Float64Array): number {
  let sum = 0;
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    sum +=
      RED * (levels[pixels[at] as number] as number) +
      GREEN * (levels[pixels[at + 1] as number] as number) +
      BLUE * (levels[pixels[at + 2] as number] as number);
  }
  return (3 * sum) / pixels.length;
}

/** Hue of a colour, in sixths of the wheel; 0 of a grey. */
function sixthOf(r: number, g: number, b: number): number {
  const value = Math.max(r, g, b);
  const chroma = value - Math.min(r, g, b);
  if (chroma === 0) return 0;
  if (value === r) return (g - b) / chroma;
  return value === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
}

/** How far a channel falls from the value, 0 to 1 (Wikipedia, "HSL and HSV", alternative formula). */
function fall(sixth: number): number {
  const k = sixth % 6;
  return Math.max(0, Math.min(k, 4 - k, 1));
}

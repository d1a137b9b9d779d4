import type { AugmentParameters } from './augment.ts';

type Colour = Pick<AugmentParameters, 'brightness' | 'contrast' | 'saturation' | 'hue'>;

/** The weights of ITU-R 601-2 luma, which PIL and torchvision turn colour into grey with. */
const [RED, GREEN, BLUE] = [0.2989, 0.587, 0.114];

/**
 * Changes colours in place as torchvision's `ColorJitter` does, always in the order brightness,
 * contrast, saturation, hue, and rounds once at the end.
 *
 * @param pixels RGB, 0-255, three bytes a pixel
 */
export function changeColours(pixels: Uint8Array, colour: Colour): void {
  const { brightness, contrast, saturation, hue } = colour;
  if (brightness === 1 && contrast === 1 && saturation === 1 && hue === 0) return;
  const mean = contrast === 1 ? 0 : meanGrey(pixels, brightness);
  const rgb = new Float64Array(3);
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    for (let c = 0; c < 3; c++) {
      const bright = clamp((pixels[at + c] ?? 0) * brightness);
      rgb[c] = clamp(contrast * bright + (1 - contrast) * mean);
    }
    if (saturation !== 1) saturate(rgb, saturation);
    if (hue !== 0) turnHue(rgb, hue);
    pixels[at] = Math.round(rgb[0] ?? 0);
    pixels[at + 1] = Math.round(rgb[1] ?? 0);
    pixels[at + 2] = Math.round(rgb[2] ?? 0);
  }
}

function clamp(value: number): number {
  return Math.max(0, Math.min(value, 255));
}

function meanGrey(pixels: Uint8Array, brightness: number): number {
  let sum = 0;
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    sum +=
      RED * clamp((pixels[at] ?? 0) * brightness) +
      GREEN * clamp((pixels[at + 1] ?? 0) * brightness) +
      BLUE * clamp((pixels[at + 2] ?? 0) * brightness);
  }
  return (3 * sum) / pixels.length;
}

function saturate(rgb: Float64Array, factor: number): void {
  const grey = RED * (rgb[0] ?? 0) + GREEN * (rgb[1] ?? 0) + BLUE * (rgb[2] ?? 0);
  for (let c = 0; c < 3; c++) rgb[c] = clamp(factor * (rgb[c] ?? 0) + (1 - factor) * grey);
}

/** Through HSV: the hue moves by `turns`, saturation and value stay. */
function turnHue(rgb: Float64Array, turns: number): void {
  const [r = 0, g = 0, b = 0] = rgb;
  const value = Math.max(r, g, b);
  const chroma = value - Math.min(r, g, b);
  if (chroma === 0) return;
  let sixth: number;
  if (value === r) sixth = (g - b) / chroma;
  else if (value === g) sixth = 2 + (b - r) / chroma;
  else sixth = 4 + (r - g) / chroma;
  const hue = sixth + 6 * turns + 12;
  rgb[0] = value - chroma * fall(5 + hue);
  rgb[1] = value - chroma * fall(3 + hue);
  rgb[2] = value - chroma * fall(1 + hue);
}

/** How far a channel falls from the value, 0 to 1 (Wikipedia, "HSL and HSV", alternative formula). */
function fall(sixth: number): number {
  const k = sixth % 6;
  return Math.max(0, Math.min(k, 4 - k, 1));
}

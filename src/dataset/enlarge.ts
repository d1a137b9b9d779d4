import type { CropBox, ImageSize } from './geometry.ts';

/**
 * Enlarges an image as PIL and torchvision do: bilinear between the centres of pixels, across and
 * then down, rounded to whole values after each. libvips measures from the corners of pixels
 * instead, which shifts what it enlarges by half a pixel of the original; shrinking is not affected.
 *
 * @param pixels RGB, [height, width, 3]
 * @param scaled what the whole image becomes; at least its own size
 * @param window the part of that which is wanted
 * @returns RGB, [window.height, window.width, 3]
 */
export function enlarge(
  { pixels, width, height }: ImageSize & { readonly pixels: Uint8Array },
  scaled: ImageSize,
  window: CropBox,
): Uint8Array {
  const columns = taps(width, scaled.width, [window.left, window.width]);
  const rows = taps(height, scaled.height, [window.top, window.height]);
  const across = new Uint8Array(height * window.width * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (const { low, high, share } of columns) {
      const [a, b] = [(y * width + low) * 3, (y * width + high) * 3];
      for (let c = 0; c < 3; c++) across[to++] = between(pixels[a + c], pixels[b + c], share);
    }
  }
  const stride = window.width * 3;
  const out = new Uint8Array(window.height * stride);
  to = 0;
  for (const { low, high, share } of rows) {
    const [a, b] = [low * stride, high * stride];
    for (let i = 0; i < stride; i++) out[to++] = between(across[a + i], across[b + i], share);
  }
  return out;
}

/** Whether the shorter side grows: then the longer one does too, but for rounding. */
export function enlarges(image: ImageSize, scaled: ImageSize): boolean {
  return scaled.width > image.width || scaled.height > image.height;
}

interface Tap {
  readonly low: number;
  readonly high: number;
  /** How much of `high`. */
  readonly share: number;
}

/** For each wanted pixel of one axis, the two of the original that it lies between. */
function taps(from: number, to: number, [start, count]: readonly [number, number]): Tap[] {
  return Array.from({ length: count }, (_, i) => {
    const at = ((start + i + 0.5) * from) / to - 0.5;
    const low = Math.floor(at);
    const inside = (index: number) => Math.min(from - 1, Math.max(0, index));
    return { low: inside(low), high: inside(low + 1), share: at - low };
  });
}

function between(low = 0, high = 0, share: number): number {
  return Math.floor(low + (high - low) * share + 0.5);
}

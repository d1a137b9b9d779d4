/** The normal deviate of a two-sided interval of 95 %. */
const DEVIATE = 1.959963984540054;

/**
 * The interval of 95 % around a share that was measured on some images (Wilson 1927), as the lower and the upper end,
 * both in [0, 1]. Unlike share +- error it holds for few images, and for 0 % and 100 %.
 */
export function wilsonInterval(share: number, count: number): readonly [number, number] {
  const weight = DEVIATE ** 2 / count;
  const middle = share + weight / 2;
  const half = DEVIATE * Math.sqrt((share * (1 - share)) / count + weight / count / 4);
  const scale = 1 + weight;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

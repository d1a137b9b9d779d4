import { grouped } from '../base/number-formats.ts';

const UNITS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** `7.1 M`, `15.5 G`: a count for a sentence. */
export function short(count: number): string {
  const [unit, letter] = UNITS.find(([each]) => Math.abs(count) >= each) ?? [1, ''];
  if (unit === 1) return grouped(count);
  const value = count / unit;
  return `${value.toFixed(1)} ${letter}`;
}

/** `3 x 3` */
export const square = (side: number) => `${side} x ${side}`;

const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** `three` */
export const inWords = (count: number) => WORDS[count] ?? String(count);

/** `conv1_1 to conv5_3`; a batch norm goes with its convolution. */
export function range(names: readonly string[]): string {
  const layers = names.filter((name) => !/^bn\d|_norm$/.test(name));
  const [first = 'nothing'] = layers;
  const last = layers.at(-1) ?? first;
  return first === last ? first : `${first} to ${last}`;
}

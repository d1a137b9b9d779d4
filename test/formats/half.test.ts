import { expect, it } from 'vitest';
import { float16 } from '../../src/formats/dtype.ts';
import { halfBits } from '../../src/formats/half.ts';

it('every half comes back from its number', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = float16(bits);
    if (!Number.isNaN(value)) expect(halfBits(value)).toBe(bits);
  }
});

it('numbers between go to the nearest, ties to even', () => {
  expect(halfBits(1 + 2 ** -11)).toBe(halfBits(1));
  expect(halfBits(1 + 3 * 2 ** -11)).toBe(halfBits(1 + 2 ** -9));
  expect(halfBits(1 + 2 ** -11 + 2 ** -20)).toBe(halfBits(1 + 2 ** -10));
  expect(float16(halfBits(65519))).toBe(65504);
  expect(float16(halfBits(65520))).toBe(Number.POSITIVE_INFINITY);
  expect(float16(halfBits(2 ** -25))).toBe(0);
  expect(float16(halfBits(2 ** -25 * 1.01))).toBe(2 ** -24);
  expect(halfBits(-0)).toBe(0x8000);
});

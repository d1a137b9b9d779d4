import { dataError } from '../base/errors.ts';
import { LARGEST_SIDE } from '../network/catalog.ts';
import type { Preprocessing } from '../network/spec.ts';

/**
 * The preprocessing that a file's metadata holds as JSON.
 * @throws VggtuneError (data) when it is not one: numbers that nobody checked would train wrongly
 */
export function parsePreprocessing(text: string, where: string): Preprocessing {
  const value = parsed(text);
  const { channels, scale, mean, std, size, resize } = value;
  if (
    (channels === 'rgb' || channels === 'bgr') &&
    isPositive(scale) &&
    isTriple(mean) &&
    isTriple(std) &&
    std.every(isPositive) &&
    isSide(size) &&
    isSide(resize)
  ) {
    return { channels, scale, mean, std, size, resize };
  }
  throw dataError(`${where} has a preprocessing that cannot be read`, {
    expected: 'channels, scale, mean, std, size and resize as JSON',
    found: text.slice(0, 200),
    where: `${where}, metadata "preprocessing"`,
    fix: 'export the model again',
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const isPositive = (value: unknown): value is number => Number.isFinite(value) && Number(value) > 0;
const isSide = (value: unknown): value is number =>
  isPositive(value) && Number.isInteger(value) && value <= LARGEST_SIDE;
const isTriple = (value: unknown): value is [number, number, number] =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);

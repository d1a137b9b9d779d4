import { dataError } from '../base/errors.ts';
import { LARGEST_SIDE } from '../network/catalog.ts';
import type { Preprocessing } from '../network/spec.ts';

/**
 * The preprocessing that a file's metadata holds as JSON, or a file of its own.
 * @param defaults what it need not say
 * @throws VggtuneError (data) when it is not one: numbers that nobody checked would train wrongly
 */
export function parsePreprocessing(
  text: string,
  where: string,
  defaults: Partial<Pick<Preprocessing, 'size' | 'resize'>> = {},
): Preprocessing {
  const value: Record<string, unknown> = { ...defaults, ...parsed(text) };
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
    where: defaults.size === undefined ? `${where}, metadata "preprocessing"` : where,
    fix: defaults.size === undefined ? 'export the model again' : 'correct the file',
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

/** In a few words: `RGB / 255, ImageNet mean` is written as `RGB x 0.00392157, mean ..., std ...`. */
export function preprocessingWords({ channels, scale, mean, std }: Preprocessing): string {
  const round = (values: readonly number[]) =>
    values.map((value) => Number(value.toPrecision(6))).join(', ');
  const scaled = scale === 1 ? '0-255' : `x ${Number(scale.toPrecision(6))}`;
  return `${channels.toUpperCase()} ${scaled}, mean ${round(mean)}, std ${round(std)}`;
}

const isPositive = (value: unknown): value is number => Number.isFinite(value) && Number(value) > 0;
const isSide = (value: unknown): value is number =>
  isPositive(value) && Number.isInteger(value) && value <= LARGEST_SIDE;
const isTriple = (value: unknown): value is [number, number, number] =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);

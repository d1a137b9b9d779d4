import { fieldAt } from '../config/fields.ts';
import { shown } from '../config/issues.ts';
import { isGroup } from '../config/setting-sources.ts';

/** A key of a matrix that takes any value between two numbers: `{min: 1e-4, max: 0.1, log: true}`. */
export interface Range {
  /** Dotted: `optimizer.learningRate`. */
  readonly path: string;
  readonly min: number;
  readonly max: number;
  /** Whether the values are evenly spread by their logarithms. */
  readonly log: boolean;
  /** Whether the key takes whole numbers alone. */
  readonly whole: boolean;
}

const KEYS = ['min', 'max', 'log'];
const FORM = 'a range such as {min: 0.0001, max: 0.1, log: true}';

/** Whether a group of a matrix is meant as a range: no setting has keys of these names. */
export function isRange(value: unknown): value is Readonly<Record<string, unknown>> {
  return isGroup(value) && ('min' in value || 'max' in value);
}

/** @returns the range, or what is wrong with it as parts of an issue */
export function readRange(
  path: string,
  value: Readonly<Record<string, unknown>>,
): { readonly range: Range } | { readonly expected: string; readonly found: string } {
  const { min, max, log = false } = value;
  const wrong = (expected: string) => ({ expected, found: shown(value) });
  if (Object.keys(value).some((key) => !KEYS.includes(key))) return wrong(FORM);
  if (typeof min !== 'number' || typeof max !== 'number' || typeof log !== 'boolean') {
    return wrong(FORM);
  }
  if (!(Number.isFinite(min) && Number.isFinite(max) && min < max)) {
    return wrong(`${FORM}, with min below max`);
  }
  if (log && min <= 0) return wrong('a min above 0, as logarithms need');
  const field = fieldAt(path);
  if (field === undefined || (field.kind !== 'number' && field.kind !== 'integer')) {
    return wrong(`a list of values: ${path} is no number`);
  }
  return { range: { path, min, max, log, whole: field.kind === 'integer' } };
}

import { type ConfigIssue, shown } from '../config/issues.ts';
import { type ConfigSource, isGroup } from '../config/setting-sources.ts';
import { isRange, type Range, readRange } from './range.ts';

/** One key of a matrix and the values that it takes in turn. */
export interface Axis {
  /** Dotted: `optimizer.learningRate`. */
  readonly path: string;
  readonly values: readonly unknown[];
}

/** One value of one axis: what sets a run apart from its neighbours. */
export interface Choice {
  readonly path: string;
  readonly value: unknown;
}

export interface Matrix {
  readonly axes: readonly Axis[];
  /** Ranges, of which only a search takes values. */
  readonly ranges: readonly Range[];
  readonly issues: readonly ConfigIssue[];
}

/**
 * Reads a `matrix`: dotted keys, nested keys, or both, each with a list of values. A list that
 * stands where the schema has a group gives whole groups: `head: [{kind: mlp}, {kind: linear}]`.
 *
 * @param placeOf where a key of the matrix stands, as the user would name it
 */
export function readMatrix(matrix: unknown, placeOf: (path: string) => string): Matrix {
  if (!isGroup(matrix)) {
    const expected = 'keys with lists of values, such as `optimizer.learningRate: [0.1, 0.01]`';
    const issue = wrong('', placeOf, { expected, found: shown(matrix) });
    return { axes: [], ranges: [], issues: [issue] };
  }
  const { axes, ranges, issues } = readGroup(matrix, '', placeOf);
  const seen = new Set<string>();
  const twice = [...axes, ...ranges].filter(({ path }) => seen.size === seen.add(path).size);
  return {
    axes,
    ranges,
    issues: [
      ...issues,
      ...twice.map(({ path }) => wrong(path, placeOf, { message: `${path} stands here twice` })),
    ],
  };
}

function readGroup(
  group: Readonly<Record<string, unknown>>,
  prefix: string,
  placeOf: (path: string) => string,
): Matrix {
  const parts = Object.entries(group).map(([key, value]): Matrix => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (isRange(value)) {
      const read = readRange(path, value);
      if ('range' in read) return { axes: [], ranges: [read.range], issues: [] };
      return { axes: [], ranges: [], issues: [wrong(path, placeOf, read)] };
    }
    if (isGroup(value)) return readGroup(value, path, placeOf);
    const found = shown(value);
    if (!Array.isArray(value)) {
      const issue = wrong(path, placeOf, { expected: 'a list of values', found });
      return { axes: [], ranges: [], issues: [issue] };
    }
    const issues = axisIssues(path, value, placeOf);
    return { axes: issues.length === 0 ? [{ path, values: value }] : [], ranges: [], issues };
  });
  return {
    axes: parts.flatMap(({ axes }) => axes),
    ranges: parts.flatMap(({ ranges }) => ranges),
    issues: parts.flatMap(({ issues }) => issues),
  };
}

/** Keys that a matrix cannot vary, and why. */
const NO_AXIS: Readonly<Record<string, string>> = {
  out: 'each run of a matrix gets a folder of its own under `out`',
  extends: 'a file extends the same for all of its runs; write one file for each',
};

function axisIssues(
  path: string,
  values: readonly unknown[],
  placeOf: (path: string) => string,
): ConfigIssue[] {
  const reason = Object.hasOwn(NO_AXIS, path) ? NO_AXIS[path] : undefined;
  if (reason !== undefined) {
    return [wrong(path, placeOf, { message: `${path} cannot vary`, fix: reason })];
  }
  if (path.split('.').includes('__proto__')) {
    return [wrong(path, placeOf, { message: `there is no key ${shown(path)}` })];
  }
  if (values.length === 0) {
    return [wrong(path, placeOf, { expected: 'at least one value', found: '[]' })];
  }
  const texts = values.map((value) => JSON.stringify(value));
  const again = texts.find((text, at) => texts.indexOf(text) !== at);
  return again === undefined
    ? []
    : [wrong(path, placeOf, { message: 'a value stands here twice', found: again })];
}

function wrong(
  path: string,
  placeOf: (path: string) => string,
  issue: Omit<ConfigIssue, 'path' | 'where' | 'message'> & { readonly message?: string },
): ConfigIssue {
  const full = path === '' ? 'matrix' : `matrix.${path}`;
  return { message: 'not a possible matrix', ...issue, path: full, where: placeOf(path) };
}

/** How many runs a matrix makes: 1 without axes. */
export function combinationCount(axes: readonly Axis[]): number {
  return axes.reduce((product, { values }) => product * values.length, 1);
}

/** Every combination, the last axis changing fastest; made one by one. */
export function* combinations(axes: readonly Axis[]): Generator<readonly Choice[]> {
  const [first, ...rest] = axes;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const value of first.values) {
    for (const others of combinations(rest)) yield [{ path: first.path, value }, ...others];
  }
}

/** Longer names are cut, and a hash keeps them apart; file systems take 255 bytes. */
const LONGEST_VALUE = 40;

/** `learningRate=0.01_strategy=head`: the last part of a key, or all of it where two end alike. */
export function combinationName(choices: readonly Choice[]): string {
  const lasts = choices.map(({ path }) => path.split('.').at(-1) ?? path);
  return choices
    .map(({ path, value }, at) => {
      const last = lasts[at] ?? path;
      const alone = lasts.filter((other) => other === last).length === 1;
      return `${alone ? last : path}=${valueName(value)}`;
    })
    .join('_');
}

function valueName(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.map(valueName).join('-').slice(0, LONGEST_VALUE);
  if (isGroup(value)) {
    const parts = Object.entries(value).map(([key, inner]) => `${key}-${valueName(inner)}`);
    return parts.join('-').slice(0, LONGEST_VALUE);
  }
  const text = String(value);
  const name = text.split(/[/\\]/).filter(Boolean).at(-1) ?? text;
  return name.replace(/[^A-Za-z0-9.+-]+/g, '-').slice(0, LONGEST_VALUE);
}

/** The choices as a source that lies over the file's own values. */
export function choiceSource(
  choices: readonly Choice[],
  file: { readonly origin: string; readonly placeOf: (path: string) => string },
): ConfigSource {
  const values: Record<string, unknown> = {};
  for (const { path, value } of choices) put(values, path.split('.'), value);
  const at = (path: string) =>
    choices.find((choice) => path === choice.path || path.startsWith(`${choice.path}.`))?.path;
  return {
    origin: `${file.origin} (matrix)`,
    values,
    placeOf: (path) => {
      const axis = at(path);
      return axis === undefined ? undefined : file.placeOf(axis);
    },
  };
}

function put(group: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [key, ...rest] = keys;
  if (key === undefined) return;
  if (rest.length === 0) {
    group[key] = value;
    return;
  }
  const before = Object.hasOwn(group, key) ? group[key] : undefined;
  const inner: Record<string, unknown> = isGroup(before) ? before : {};
  group[key] = inner;
  put(inner, rest, value);
}

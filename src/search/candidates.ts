import { createRng } from '../base/rng.ts';
import type { BatchFile } from '../batch/files.ts';
import { type Axis, type Choice, combinationName } from '../batch/matrix.ts';
import type { Combination, Combine } from '../batch/plan-batch.ts';
import type { Range } from '../batch/range.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { ConfigSource } from '../config/settings.ts';

/** What the run with none of the values of the matrix is called: it is what the others have to beat. */
export const DEFAULT_NAME = 'default';

/** What a search changes below all settings: its runs are the trials, so that advice makes none of its own. */
export const SEARCH_SOURCE: ConfigSource = {
  origin: 'search',
  values: { advise: { budget: '0' } },
};

/**
 * The runs of a search: the settings of the file without its matrix, and behind them points of the space that the
 * matrix spans. The first points of a longer search are those of a shorter one.
 *
 * @param count of the points
 */
export function searchCandidates(count: number): Combine {
  return {
    issues: spaceIssues,
    count: () => count + 1,
    *of(file) {
      yield { name: DEFAULT_NAME, choices: [] };
      yield* points(file, count);
    },
  };
}

function spaceIssues({ path, axes, ranges }: BatchFile): ConfigIssue[] {
  if (axes.length + ranges.length > 0) return [];
  const expected =
    'keys with lists of values, or with ranges such as {min: 0.0001, max: 0.1, log: true}';
  return [{ path: 'matrix', where: path, message: 'a search needs a matrix', expected }];
}

/** So many points in a row that were there before are taken as all that there are. */
const PATIENCE = 200;

function* points({ axes, ranges }: BatchFile, count: number): Generator<Combination> {
  const seen = new Set<string>();
  const sequence = haltonPoints(axes.length + ranges.length);
  for (let misses = 0; seen.size < count && misses < PATIENCE; misses++) {
    const at = sequence.next().value;
    const choices: Choice[] = [
      ...axes.map((axis, i) => ({ path: axis.path, value: valueOfAxis(axis, at[i] ?? 0) })),
      ...ranges.map((range, i) => ({
        path: range.path,
        value: valueOfRange(range, at[axes.length + i] ?? 0),
      })),
    ];
    const name = combinationName(choices);
    if (seen.has(name)) continue;
    seen.add(name);
    misses = 0;
    yield { name, choices };
  }
}

const valueOfAxis = ({ values }: Axis, u: number) => values[Math.floor(u * values.length)];

/** @param u in [0, 1) */
function valueOfRange({ min, max, log, whole }: Range, u: number): number {
  // Each whole number has the same share, those at the ends too.
  const [low, high] = whole ? [min - 0.5, max + 0.5] : [min, max];
  const value = log
    ? Math.exp(Math.log(min) + u * (Math.log(max) - Math.log(min)))
    : low + u * (high - low);
  const rounded = whole ? Math.round(value) : Number(value.toPrecision(3));
  return Math.min(max, Math.max(min, rounded));
}

/**
 * The Halton sequence, moved by a random vector modulo 1 (Cranley and Patterson 1976): points that fill the unit cube
 * more evenly than random ones do.
 */
function* haltonPoints(dimensions: number): Generator<readonly number[], never> {
  const bases = primes(dimensions);
  const rng = createRng('search');
  const shift = bases.map(() => rng.uniform());
  for (let index = 1; ; index++) {
    yield bases.map((base, i) => (radicalInverse(index, base) + (shift[i] ?? 0)) % 1);
  }
}

/** The digits of a number in a base, mirrored at the point: 6 = 110 in base 2 gives 0.011. */
function radicalInverse(index: number, base: number): number {
  let value = 0;
  let scale = 1 / base;
  for (let rest = index; rest > 0; rest = Math.floor(rest / base)) {
    value += (rest % base) * scale;
    scale /= base;
  }
  return value;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) {
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  }
  return found;
}

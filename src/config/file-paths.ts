import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { isGroup, PATHS } from './setting-sources.ts';

/** Words in place of a file. */
const WORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  weights: new Set(['auto', 'random']),
  weightsPreprocessing: new Set(['auto', 'torchvision', 'keras', 'unit']),
};

/**
 * The values of a config file with its paths as they are meant from the current folder: they are written
 * relative to the file, as those of `extends` are.
 * @param file the path of the config file
 */
export function pathsFromFile(
  values: Readonly<Record<string, unknown>>,
  file: string,
): Record<string, unknown> {
  const folder = dirname(resolve(file));
  if (folder === process.cwd()) return { ...values };
  const moved = (group: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(group).map(([key, value]) => {
        const known = PATHS.find((path) => path === key);
        return [key, known === undefined ? value : movedValue(known, value, folder)];
      }),
    );
  const own = moved(values);
  return isGroup(own.matrix) ? { ...own, matrix: moved(own.matrix) } : own;
}

/** A matrix has lists of values. */
function movedValue(key: (typeof PATHS)[number], value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => movedValue(key, each, folder));
  if (!isPathValue(key, value) || isAbsolute(value) || value.startsWith('~')) return value;
  const whole = resolve(folder, value);
  const short = relative(process.cwd(), whole);
  return short === '' ? '.' : /^\.\.([/\\]|$)/.test(short) || isAbsolute(short) ? whole : short;
}

/** Values with absolute paths, as they are meant from the current folder: for a process that has another one. */
export function absolutePathValues(
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const absolute = PATHS.flatMap((key): [string, string][] => {
    const value = values[key];
    return isPathValue(key, value) ? [[key, resolve(value)]] : [];
  });
  return { ...values, ...Object.fromEntries(absolute) };
}

/** Whether a value of one of the keys in `PATHS` is a path, and no word in place of one. */
export function isPathValue(key: (typeof PATHS)[number], value: unknown): value is string {
  if (typeof value !== 'string' || value === '') return false;
  return !(Object.hasOwn(WORDS, key) && WORDS[key]?.has(value));
}

import type { z } from 'zod';
import { checkForm } from '../base/check-form.ts';
import { didYouMean } from '../base/suggest.ts';
import { knownKeys } from './fields.ts';
import { type ConfigIssue, shown } from './issues.ts';
import { runConfigSchema } from './schema.ts';
import { type ConfigSource, placeIn } from './setting-sources.ts';

type ZodIssue = z.core.$ZodIssue;

/** Issues of one source: values that the schema does not allow. A missing key is no issue. */
export function sourceIssues(source: ConfigSource): ConfigIssue[] {
  const result = checkForm(runConfigSchema, source.values);
  if (result.success) return [];
  return result.error.issues
    .filter((issue) => valueAt(source.values, issue.path) !== undefined)
    .flatMap((issue) => translate(issue, source));
}

/** Keys that no source gives and that have no default. */
export function missingIssues(values: Readonly<Record<string, unknown>>): ConfigIssue[] {
  const result = checkForm(runConfigSchema, values);
  if (result.success) return [];
  return (
    result.error.issues
      .filter((issue) => valueAt(values, issue.path) === undefined)
      .map((issue) => dotted(issue.path))
      // The run folder is named after the data.
      .filter((path) => path !== 'out')
      .map(missing)
  );
}

/** What a key is taken for, and what is meant then. */
const VALUE_FIXES: Readonly<Record<string, string>> = {
  cache: 'the folder of the cache is no setting of a run: --cache FOLDER, or VGGTUNE_CACHE',
};

const MISSING_FIXES: Readonly<Record<string, string>> = {
  data: 'name the folder of images: vggtune train FOLDER, or `data:` in a config file',
};

function missing(path: string): ConfigIssue {
  const fix = own(MISSING_FIXES, path) ?? `give it as a flag, a variable or in a config file`;
  return { path, where: '', message: `${path} is missing`, fix };
}

function translate(issue: ZodIssue, source: ConfigSource): ConfigIssue[] {
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, issue.path, source);
  const path = dotted(issue.path);
  const where = placeIn(source, keyPath(issue.path));
  const found = shown(valueAt(source.values, issue.path));
  const fix = own(VALUE_FIXES, path);
  const wrong = {
    path,
    where,
    message: 'not a possible value',
    expected: expectation(issue),
    found,
  };
  return [fix === undefined ? wrong : { ...wrong, fix }];
}

/** Keys that a config file may have and a run may not. */
const BATCH_KEYS: Readonly<Record<string, string>> = {
  matrix: 'a file with a matrix is for `vggtune batch`',
  failIf: 'only `vggtune batch` reads it; a command takes --fail-if',
};

/** What took the place of keys that there were. */
const REPLACED: Readonly<Record<string, string>> = {
  'advise.race': 'strategies are tried now: advise.budget says how long, and 0 not at all',
  'advise.raceEpochs': 'strategies are tried now: advise.budget says how long',
};

function unknownKeys(
  keys: readonly string[],
  parents: readonly PropertyKey[],
  source: ConfigSource,
): ConfigIssue[] {
  const group = dotted(parents);
  const known = knownKeys(group);
  return keys.map((key) => {
    const path = group === '' ? key : `${group}.${key}`;
    const suggestion = didYouMean(key, known) ?? elsewhere(key);
    return {
      path,
      where: placeIn(source, path),
      message: `unknown key ${shown(key)}${group === '' ? '' : ` in ${group}`}`,
      fix:
        own(BATCH_KEYS, path) ??
        own(REPLACED, path) ??
        suggestion ??
        `possible keys: ${known.join(', ')}`,
    };
  });
}

/** Finds a key in other groups: `learningRate` at the top level. */
function elsewhere(key: string): string | undefined {
  for (const group of knownKeys('')) {
    if (knownKeys(group).includes(key)) return `did you mean "${group}.${key}"?`;
  }
  return undefined;
}

function expectation(issue: ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `${article(issue.expected)}`;
    case 'too_small':
      return bound(
        issue.origin,
        issue.inclusive === false ? 'more than' : 'at least',
        issue.minimum,
      );
    case 'too_big':
      return bound(
        issue.origin,
        issue.inclusive === false ? 'less than' : 'at most',
        issue.maximum,
      );
    case 'invalid_format':
      return issue.pattern === undefined ? issue.format : 'a colour such as #ffffff';
    default:
      return issue.message;
  }
}

function bound(origin: string, words: string, limit: number | bigint): string {
  if (origin === 'string') return `${words} ${limit} character${Number(limit) === 1 ? '' : 's'}`;
  if (origin === 'array') return `a list of ${words} ${limit} values`;
  return `${words} ${limit}`;
}

/** Looks up an own property of a table, also for a key such as `constructor`. */
function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = {
    object: 'a group of keys',
    array: 'a list',
    tuple: 'a list of two numbers',
    string: 'text',
    boolean: 'true or false',
    number: 'a number',
  };
  return own(names, type) ?? type;
}

/** `augment.crop.scale[0]`. */
function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** The path up to the first list index, which is what sources know. */
function keyPath(path: readonly PropertyKey[]): string {
  const end = path.findIndex((part) => typeof part === 'number');
  return dotted(end === -1 ? path : path.slice(0, end));
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = values;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at;
}

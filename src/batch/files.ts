import { existsSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { glob } from 'glob';
import type { Gate } from '../config/gates.ts';
import { parseGate } from '../config/gates.ts';
import { type ConfigIssue, shown } from '../config/issues.ts';
import { loadConfigFile } from '../config/load-file.ts';
import type { ConfigSource } from '../config/setting-sources.ts';
import { type Axis, readMatrix } from './matrix.ts';
import type { Range } from './range.ts';

/** A config file of a batch: what a run's config file holds, and what only a batch knows. */
export interface BatchFile {
  readonly path: string;
  /** The file's name without its ending. */
  readonly name: string;
  /** Its values and those that it extends, lowest first, without the batch's own keys. */
  readonly sources: readonly ConfigSource[];
  readonly axes: readonly Axis[];
  /** Ranges of the matrix, for a search. */
  readonly ranges: readonly Range[];
  readonly gates: readonly Gate[];
  readonly issues: readonly ConfigIssue[];
  /** Where a key of the matrix stands. */
  readonly placeOf: (path: string) => string;
}

/**
 * The files that patterns name, each once, in the order of the patterns and sorted within one. A
 * pattern that is a file's own name needs no escapes.
 */
export async function findFiles(
  patterns: readonly string[],
): Promise<{ readonly paths: readonly string[]; readonly issues: readonly ConfigIssue[] }> {
  const paths = new Set<string>();
  const issues: ConfigIssue[] = [];
  for (const pattern of patterns) {
    const found = await matches(pattern);
    if (found.length === 0) issues.push(nothingFound(pattern));
    for (const path of found) paths.add(path);
  }
  return { paths: [...paths], issues };
}

async function matches(pattern: string): Promise<string[]> {
  if (existsSync(pattern)) return statSync(pattern).isDirectory() ? [] : [pattern];
  const found = await glob(pattern, { nodir: true, windowsPathsNoEscape: true });
  return found.sort();
}

function nothingFound(pattern: string): ConfigIssue {
  const folder = existsSync(pattern);
  return {
    path: '',
    where: pattern,
    message: folder ? 'is a folder, not a config file' : 'matches no file',
    fix: folder
      ? `name the files in it: '${pattern}/*.yaml'`
      : 'check the path; quote a pattern so that the shell leaves it alone',
  };
}

/** Keys that a config file of a batch may have, and that are no keys of a run. */
const OWN_KEYS = ['matrix', 'failIf'] as const;

/** Reads one file. What is wrong with it comes back as issues, here or in its sources. */
export function readBatchFile(path: string): BatchFile {
  const all = loadConfigFile(path);
  const sources = all.map((source) => ({ ...source, values: withoutOwn(source.values) }));
  const placeOf = (key: string) => placeIn(all, 'matrix', key) ?? path;
  const matrix = strongest(all, 'matrix');
  const { axes, ranges, issues } =
    matrix === undefined ? { axes: [], ranges: [], issues: [] } : readMatrix(matrix, placeOf);
  const gates = readGates(strongest(all, 'failIf'), placeIn(all, 'failIf', '') ?? path);
  const name = basename(path, extname(path));
  const wrong = [...issues, ...gates.issues];
  return { path, name, sources, axes, ranges, gates: gates.gates, issues: wrong, placeOf };
}

function withoutOwn(values: ConfigSource['values']): ConfigSource['values'] {
  const own: readonly string[] = OWN_KEYS;
  return Object.fromEntries(Object.entries(values).filter(([key]) => !own.includes(key)));
}

/** A file's own key wins over that of a file which it extends, whole. */
function strongest(sources: readonly ConfigSource[], key: (typeof OWN_KEYS)[number]): unknown {
  return sources.findLast(({ values }) => values[key] !== undefined)?.values[key];
}

function placeIn(
  sources: readonly ConfigSource[],
  own: (typeof OWN_KEYS)[number],
  key: string,
): string | undefined {
  const source = sources.findLast(({ values }) => values[own] !== undefined);
  return source?.placeOf?.(key === '' ? own : `${own}.${key}`) ?? source?.origin;
}

/** Conditions in text form, one or a list: `accuracy < 0.9`. */
export function readGates(
  texts: unknown,
  where: string,
): { readonly gates: readonly Gate[]; readonly issues: readonly ConfigIssue[] } {
  const list: readonly unknown[] =
    texts === undefined ? [] : Array.isArray(texts) ? texts : [texts];
  const gates: Gate[] = [];
  const issues: ConfigIssue[] = [];
  for (const text of list) {
    if (typeof text !== 'string') {
      const expected = "text such as 'accuracy < 0.9', or a list of such texts";
      const issue = { path: 'failIf', where, message: 'not a condition', expected };
      issues.push({ ...issue, found: shown(text) });
      continue;
    }
    const gate = parseGate(text);
    if ('issue' in gate) issues.push({ ...gate.issue, path: 'failIf', where });
    else gates.push(gate);
  }
  return { gates, issues };
}

import { dirname, resolve } from 'node:path';
import { expandHome } from '../base/home.ts';
import { didYouMean } from '../base/suggest.ts';
import { pathsFromFile } from './file-paths.ts';
import type { ConfigIssue } from './issues.ts';
import { PRESETS } from './names.ts';
import { presetSource } from './presets.ts';
import { readConfigFile, realPath } from './read-file.ts';
import type { ConfigSource } from './setting-sources.ts';

const DEEPEST_EXTENDS = 20;
/** The number of files that one config may consist of. */
const MOST_FILES = 100;

/**
 * Reads a YAML or JSON config file and what it `extends`, lowest first. `extends` takes the name of
 * a preset, or a file relative to the one that says so, or a list of them. Nothing is thrown: what
 * is wrong comes back as the issues of the source.
 */
export function loadConfigFile(path: string): ConfigSource[] {
  return load(path, { above: [], loaded: new Map() });
}

interface Loading {
  /** Real paths from the first file down to the one that is read. */
  readonly above: readonly string[];
  /** What each preset, and each file by its real path, has given: each is read once. */
  readonly loaded: Map<string, ConfigSource[]>;
}

function load(path: string, { above, loaded }: Loading): ConfigSource[] {
  const file = readConfigFile(path);
  if ('issue' in file) return [failed(path, file.issue)];
  const chain = [...above, file.real];
  const { extends: bases, ...values } = file.values;
  const { placeOf } = file;
  // A run wrote down what it was given, from where it was started.
  const own = file.ofRun ? values : pathsFromFile(values, path);
  const self: ConfigSource = { origin: path, values: own, placeOf };
  const where = placeOf('extends') ?? path;
  const names = typeof bases === 'string' ? [bases] : (bases ?? []);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    const expected = 'a preset, a file, or a list of them';
    return [
      failed(path, { path: 'extends', where, message: 'cannot be extended', expected }),
      self,
    ];
  }
  const under = names.flatMap((name: string) => base(name, { path, where, chain, loaded }));
  return lastOfEach([...under, self]);
}

/**
 * Keeps the last occurrence of each file. Where a file is extended along several paths, its last occurrence
 * wins over the earlier ones, so that these change nothing. Without this, a chain of files that each extend
 * the next one twice would double at each level.
 */
function lastOfEach(sources: readonly ConfigSource[]): ConfigSource[] {
  return [...new Set(sources.toReversed())].reverse();
}

interface Extending {
  readonly path: string;
  readonly where: string;
  /** Real paths from the first file down to this one. */
  readonly chain: readonly string[];
  readonly loaded: Loading['loaded'];
}

function base(name: string, extending: Extending): ConfigSource[] {
  const { path, where, chain, loaded } = extending;
  const refuse = (issue: Pick<ConfigIssue, 'message' | 'expected' | 'found' | 'fix'>) => [
    failed(path, { path: 'extends', where, ...issue }),
  ];
  const preset = PRESETS.find((known) => known === name);
  if (preset !== undefined) return once(loaded, preset, () => [presetSource(preset)]);
  if (!/[./\\]/.test(name)) {
    const fix = didYouMean(name, PRESETS) ?? 'a file needs its ending, such as .yaml';
    const expected = `${PRESETS.join(', ')}, or a file`;
    return refuse({ message: `no preset "${name}"`, expected, fix });
  }
  const target = resolve(dirname(path), expandHome(name));
  const real = realPath(target);
  // What is wrong with a file is told with some of its text, and whoever wrote this one may not be
  // whoever may read that one.
  if (![target, real].every((file) => /\.(ya?ml|json)$/i.test(file))) {
    const expected =
      'a file whose name, and that of what it links to, ends in .yaml, .yml or .json';
    return refuse({ message: 'cannot be extended', expected, found: name });
  }
  if (chain.includes(real)) {
    const circle = [...chain.slice(chain.indexOf(real)), real].join(' -> ');
    return refuse({ message: `extends itself: ${circle}`, fix: 'take one of them out' });
  }
  if (chain.length >= DEEPEST_EXTENDS || (loaded.size >= MOST_FILES && !loaded.has(real))) {
    const expected = `at most ${MOST_FILES} files, ${DEEPEST_EXTENDS} above each other`;
    return refuse({ message: 'extends too many files', expected });
  }
  return once(loaded, real, () => load(target, { above: chain, loaded }));
}

function once(loaded: Loading['loaded'], key: string, read: () => ConfigSource[]): ConfigSource[] {
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const found = read();
  loaded.set(key, found);
  return found;
}

const failed = (origin: string, issue: ConfigIssue): ConfigSource => ({
  origin,
  values: {},
  issues: [issue],
  unread: true,
});

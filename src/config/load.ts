import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { messageOf, systemCode } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import type { ConfigIssue } from './issues.ts';
import { PRESETS, presetSource } from './presets.ts';
import { type ConfigSource, isGroup } from './sources.ts';

/** More than any config needs; a larger file is something else, such as an image. */
const LARGEST = 1024 * 1024;
/** Aliases that one document may use, against the "billion laughs". */
const MOST_ALIASES = 100;
const DEEPEST_EXTENDS = 20;

/**
 * Reads a YAML or JSON config file and what it `extends`, lowest first. `extends` takes the name of
 * a preset, or a file relative to the one that says so, or a list of them. Nothing is thrown: what
 * is wrong comes back as the issues of the source.
 */
export function loadConfigFile(path: string): ConfigSource[] {
  return load(path, []);
}

function load(path: string, above: readonly string[]): ConfigSource[] {
  const file = readConfigFile(path);
  if ('issue' in file) return [failed(path, file.issue)];
  const chain = [...above, file.real];
  const { extends: bases, ...values } = file.values;
  const { placeOf } = file;
  const self: ConfigSource = { origin: path, values, placeOf };
  const where = placeOf('extends') ?? path;
  const names = typeof bases === 'string' ? [bases] : (bases ?? []);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    const expected = 'a preset, a file, or a list of them';
    return [
      failed(path, { path: 'extends', where, message: 'cannot be extended', expected }),
      self,
    ];
  }
  return [...names.flatMap((name: string) => base(name, { path, where, chain })), self];
}

interface Extending {
  readonly path: string;
  readonly where: string;
  /** Real paths from the first file down to this one. */
  readonly chain: readonly string[];
}

function base(name: string, { path, where, chain }: Extending): ConfigSource[] {
  const preset = PRESETS.find((known) => known === name);
  if (preset !== undefined) return [presetSource(preset)];
  if (!/[./\\]/.test(name)) {
    const fix = didYouMean(name, PRESETS) ?? 'a file needs its ending, such as .yaml';
    const expected = `${PRESETS.join(', ')}, or a file`;
    const issue = { path: 'extends', where, message: `no preset "${name}"`, expected, fix };
    return [failed(path, issue)];
  }
  const target = resolve(dirname(path), name);
  const real = realPath(target);
  if (!chain.includes(real) && chain.length < DEEPEST_EXTENDS) return load(target, chain);
  const circle = [...chain.slice(chain.indexOf(real)), real].join(' -> ');
  const fix = 'take one of them out';
  return [failed(path, { path: 'extends', where, message: `extends itself: ${circle}`, fix })];
}

const failed = (origin: string, issue: ConfigIssue): ConfigSource => ({
  origin,
  values: {},
  issues: [issue],
  unread: true,
});

interface ConfigFile {
  readonly real: string;
  readonly values: Record<string, unknown>;
  readonly placeOf: (path: string) => string | undefined;
}

/** One file's own values and the lines on which they stand, or what is wrong with it. */
export function readConfigFile(path: string): ConfigFile | { readonly issue: ConfigIssue } {
  const refuse = (message: string, fix: string) => ({
    issue: { path: '', where: path, message, fix },
  });
  try {
    const status = statSync(path);
    if (!status.isFile()) return refuse('is not a file', 'name a YAML or JSON file');
    if (status.size > LARGEST) {
      return refuse(`is too large for a config (${status.size} bytes)`, 'name a YAML or JSON file');
    }
    return parseConfig(path, new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return refuse('there is no such file', 'check the path');
    if (error instanceof TypeError) return refuse('is not UTF-8 text', 'name a YAML or JSON file');
    return refuse(`cannot be read: ${messageOf(error)}`, 'check the file and its permissions');
  }
}

function parseConfig(path: string, text: string): ConfigFile | { readonly issue: ConfigIssue } {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = counter.linePos(error.pos[0]);
    const message = `not valid YAML or JSON: ${error.message}`;
    return { issue: { path: '', where: `${path}:${line}`, message } };
  }
  const values: unknown = document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  if (!isGroup(values)) {
    const expected = 'keys and values, such as `epochs: 10`';
    return { issue: { path: '', where: path, message: 'is no config', expected } };
  }
  const lines = lineNumbers(document, counter);
  return { real: realPath(path), values, placeOf: (key) => place(path, lines, key) };
}

function place(path: string, lines: ReadonlyMap<string, number>, key: string): string {
  const line = lines.get(key);
  return `${path}${line === undefined ? '' : `:${line}`}${key === '' ? '' : `: ${key}`}`;
}

/** By dotted key: the line on which it stands. */
function lineNumbers(document: Document.Parsed, counter: LineCounter): Map<string, number> {
  const lines = new Map<string, number>();
  const visit = (node: unknown, prefix: string) => {
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      if (!isScalar(key) || key.range === undefined || key.range === null) continue;
      const path = prefix === '' ? String(key.value) : `${prefix}.${String(key.value)}`;
      lines.set(path, counter.linePos(key.range[0]).line);
      visit(value, path);
    }
  };
  visit(document.contents, '');
  return lines;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

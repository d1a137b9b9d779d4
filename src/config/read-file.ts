import { readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { messageOf, systemCode } from '../base/errors.ts';
import { RUN_CONFIG_START } from '../base/run-config-start.ts';
import { LARGEST_YAML, yamlTooLarge } from '../base/yaml-size.ts';
import type { ConfigIssue } from './issues.ts';
import { isGroup } from './setting-sources.ts';

/** Aliases that one document may use, against the "billion laughs". */
const MOST_ALIASES = 100;

export interface ConfigFile {
  readonly real: string;
  readonly values: Record<string, unknown>;
  /** Whether a run has written it. */
  readonly ofRun: boolean;
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
    if (status.size > LARGEST_YAML) {
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
  const large = yamlTooLarge(text);
  if (large !== undefined) {
    const message = `is too large for a config (${large})`;
    return { issue: { path: '', where: path, message, fix: 'name a YAML or JSON file' } };
  }
  const counter = new LineCounter();
  // The parser's own warnings would go to the terminal, with the file's text as it is.
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    logLevel: 'error',
  });
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
  const ofRun = text.startsWith(RUN_CONFIG_START);
  return { real: realPath(path), values, ofRun, placeOf: (key) => place(path, lines, key) };
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

export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

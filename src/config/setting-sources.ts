import { expandHome } from '../base/home.ts';
import type { ConfigIssue } from './issues.ts';

/**
 * One place that values come from. Later sources win over earlier ones. `values` is what the user
 * wrote and is checked by `resolveConfig`, not before.
 */
export interface ConfigSource {
  /** As the user would name it: `preset best`, `train.yaml`, `environment`, `flags`. */
  readonly origin: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Issues that were found while the source was read. */
  readonly issues?: readonly ConfigIssue[];
  /** Whether the source, or a file that it extends, could not be read: missing keys are unknown then. */
  readonly unread?: boolean;
  /** Where in the source a key stands, as the user would name it: `--lr`, `train.yaml:4`. */
  readonly placeOf?: (path: string) => string | undefined;
}

/** Sources laid over each other. */
export interface Merged {
  readonly values: Record<string, unknown>;
  /** By dotted path of each leaf: the source that set it. */
  readonly origins: ReadonlyMap<string, ConfigSource>;
}

/** Keys whose values are files or folders. */
export const PATHS = ['data', 'decisions', 'out', 'weights', 'weightsPreprocessing'] as const;

/** Lays sources over each other, first to last. `~` in a path is the home folder. Lists are replaced whole; null replaces a group. */
export function mergeSources(sources: readonly ConfigSource[]): Merged {
  const values: Record<string, unknown> = {};
  const origins = new Map<string, ConfigSource>();
  for (const source of sources) {
    overlay(values, source.values, { source, origins, prefix: '' });
  }
  for (const key of PATHS) {
    const path = values[key];
    if (typeof path === 'string') values[key] = expandHome(path);
  }
  return { values, origins };
}

interface Overlay {
  readonly source: ConfigSource;
  readonly origins: Map<string, ConfigSource>;
  readonly prefix: string;
}

function overlay(
  under: Record<string, unknown>,
  over: Readonly<Record<string, unknown>>,
  { source, origins, prefix }: Overlay,
): void {
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || key === '__proto__') continue;
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (!isGroup(value)) {
      forget(origins, path);
      under[key] = value;
      origins.set(path, source);
      continue;
    }
    const before = Object.hasOwn(under, key) ? under[key] : undefined;
    const group = isGroup(before) ? before : {};
    origins.delete(path);
    under[key] = group;
    overlay(group, value, { source, origins, prefix: path });
    if (Object.keys(group).length === 0) origins.set(path, source);
  }
}

/** Removes the origins of all keys of a group that is replaced whole. */
function forget(origins: Map<string, ConfigSource>, path: string): void {
  for (const known of origins.keys()) {
    if (known.startsWith(`${path}.`)) origins.delete(known);
  }
}

/** Values without some dotted keys. */
export function without(
  values: ConfigSource['values'],
  paths: readonly string[],
  prefix = '',
): Record<string, unknown> {
  const kept = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const path = `${prefix}${key}`;
    if (paths.includes(path)) return [];
    return [[key, isGroup(value) ? without(value, paths, `${path}.`) : value]];
  });
  return Object.fromEntries(kept);
}

/** Whether the value is an object with keys, and not a list or null. */
export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The source of a key, or of the nearest group above it. */
export function originOf(merged: Merged, path: string): ConfigSource | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const source = merged.origins.get(at);
    if (source !== undefined) return source;
  }
  return undefined;
}

/** Where a key of a source stands, as the user would name it. */
export function placeIn(source: ConfigSource | undefined, path: string): string {
  if (source === undefined) return path;
  return source.placeOf?.(path) ?? (path === '' ? source.origin : `${source.origin}: ${path}`);
}

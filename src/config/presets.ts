import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { PresetName } from './names.ts';
import type { StrategyName } from './schema.ts';
import { type ConfigSource, isGroup } from './setting-sources.ts';

/** `presets/` of the package: two levels above both `src/config` and `dist/config`. */
const FOLDER = new URL('../../presets/', import.meta.url);

export function presetSource(name: PresetName): ConfigSource {
  return { origin: `preset ${name}`, values: read(`${name}.yaml`) };
}

/**
 * The published-style values of a strategy, and what a network of another size than the published
 * ones needs instead.
 */
export function strategySources(
  strategy: StrategyName,
  backbone: unknown,
): readonly ConfigSource[] {
  const origin = `strategy ${strategy}`;
  const published = { origin, values: read(`strategies/${strategy}.yaml`) };
  if (backbone !== 'vgg-nano') return [published];
  const values = read(`strategies/${backbone}/${strategy}.yaml`);
  return [published, { origin: `${origin} of ${backbone}`, values }];
}

/** By file: a batch resolves the same presets for each of its runs. */
const known = new Map<string, Record<string, unknown>>();

/** Reads one of our own files. A test validates each of them, so an error in one is a bug. */
function read(file: string): Record<string, unknown> {
  const before = known.get(file);
  if (before !== undefined) return before;
  const path = fileURLToPath(new URL(file, FOLDER));
  const values: unknown = parse(readFileSync(path, 'utf8')) ?? {};
  if (!isGroup(values)) throw new Error(`${path} holds no keys`);
  known.set(file, values);
  return values;
}

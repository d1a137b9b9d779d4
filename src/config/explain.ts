import { CONFIG_FIELDS } from './fields.ts';
import type { Resolved } from './resolve.ts';
import { isGroup, originOf } from './setting-sources.ts';

/** One value of a resolved config and where it came from. */
export interface Explanation {
  /** The key, dotted. */
  readonly path: string;
  readonly value: unknown;
  /** `default`, `strategy head`, `preset best`, a file and its line, a variable, or a flag. */
  readonly origin: string;
}

/** Every value of a config, in the order of the schema, with its origin. */
export function explainConfig({ config, merged }: Resolved): Explanation[] {
  return CONFIG_FIELDS.flatMap(({ path, kind }) => {
    const value = valueAt(config, path);
    if (value === undefined || (kind === 'switch' && value !== null)) return [];
    const source = originOf(merged, path);
    const origin = source?.placeOf?.(path)?.replace(`: ${path}`, '') ?? source?.origin ?? 'default';
    return [{ path, value, origin }];
  });
}

function valueAt(config: unknown, path: string): unknown {
  let at = config;
  for (const key of path.split('.')) {
    if (!isGroup(at)) return undefined;
    at = at[key];
  }
  return at;
}

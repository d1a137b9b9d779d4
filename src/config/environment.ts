import { closest, editDistance } from '../base/suggest.ts';
import { CONFIG_FIELDS, type Field, variableName } from './fields.ts';
import type { ConfigIssue } from './issues.ts';
import type { ConfigSource } from './setting-sources.ts';
import { type Given, textSource } from './texts.ts';

/** Variables that are no keys of the schema. */
export const OTHER_VARIABLES = {
  VGGTUNE_CACHE: 'folder for downloads and cached activations',
  VGGTUNE_CACHE_LIMIT:
    'most that cached activations may take, as 500MB, 20GB (the default) or none',
  VGGTUNE_MIRROR: "base address of a company's own copy of the published weights",
  VGGTUNE_QUEUE_PASSWORD: 'password of the broker that --queue names',
} as const;

/** The values that variables named VGGTUNE_* give. Empty ones count as absent. */
export function environmentSource(environment: NodeJS.ProcessEnv): ConfigSource {
  const given: Given[] = [];
  for (const field of CONFIG_FIELDS) {
    for (const name of variablesOf(field)) {
      const text = environment[name];
      if (text !== undefined && text !== '') given.push({ field, text, name });
    }
  }
  const source = textSource('environment', given);
  return { ...source, issues: [...(source.issues ?? []), ...misspelt(environment)] };
}

/**
 * The variables of a field: every name of its flag in capitals. The longest name comes last and takes
 * precedence.
 */
function variablesOf({ aliases, variable }: Field): string[] {
  return [...aliases.map(variableName), variable];
}

/**
 * Variables that nearly match one of ours are misspelt, and would go unnoticed. Others with the same prefix
 * belong to other programs.
 */
function misspelt(environment: NodeJS.ProcessEnv): ConfigIssue[] {
  const known = [...CONFIG_FIELDS.flatMap(variablesOf), ...Object.keys(OTHER_VARIABLES)];
  return Object.keys(environment)
    .filter((name) => name.startsWith('VGGTUNE_') && !known.includes(name))
    .flatMap((name) => {
      const meant = closest(name, known);
      if (meant === undefined || editDistance(name, meant) > 2) return [];
      const fix = `did you mean ${meant}?`;
      return [{ path: '', where: name, message: 'unknown variable', fix }];
    });
}

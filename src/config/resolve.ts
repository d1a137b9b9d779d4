import { basename, extname, join, resolve } from 'node:path';
import { checkForm } from '../base/check-form.ts';
import { type ConfigIssue, throwIssues } from './issues.ts';
import { strategySources } from './presets.ts';
import { ruleIssues } from './rules.ts';
import { type RunConfig, runConfigSchema, STRATEGIES, type StrategyName } from './schema.ts';
import {
  type ConfigSource,
  isGroup,
  type Merged,
  mergeSources,
  originOf,
  placeIn,
  without,
} from './setting-sources.ts';
import { missingIssues, sourceIssues } from './zod-issues.ts';

export type { ConfigSource } from './setting-sources.ts';

/** A config and where each of its values came from. */
export interface Resolved {
  readonly config: RunConfig;
  readonly merged: Merged;
}

/**
 * One config of many sources, first to last: default < strategy < preset < file < environment <
 * flags. The first two are added here, the others are given in this order.
 *
 * @param strategy the one to use; it replaces `auto`
 * @throws ConfigError with everything that is wrong, at once
 */
export function resolveConfig(sources: readonly ConfigSource[], strategy: StrategyName): RunConfig {
  return resolveWithOrigins(sources, strategy).config;
}

export function resolveWithOrigins(
  sources: readonly ConfigSource[],
  strategy: StrategyName,
): Resolved {
  const layers = [...strategyLayers(sources, strategy), ...sources];
  const choice = chosen(sources, strategy);
  const merged = mergeSources([...layers, choice]);
  merged.values.out ??= defaultFolder(merged.values.data, strategy);
  const wrong = layers.flatMap((source) => [...(source.issues ?? []), ...sourceIssues(source)]);
  const parsed = checkForm(runConfigSchema, merged.values);
  if (wrong.length === 0 && parsed.success) {
    throwIssues(ruleIssues(parsed.data).map((issue) => placed(issue, merged)));
    return { config: parsed.data, merged };
  }
  const unread = sources.some((source) => source.unread === true);
  const missing = unread ? [] : missingIssues(merged.values);
  throwIssues([...wrong, ...missing, ...contradictions([...sources, choice], { strategy, wrong })]);
  throw new Error(`the config passed source by source, and not merged: ${parsed.error?.message}`);
}

/** The values that a strategy has for the network and the epochs that the sources name. */
function strategyLayers(sources: readonly ConfigSource[], strategy: StrategyName) {
  const { backbone, epochs } = mergeSources(sources).values;
  const own = strategySources(strategy, backbone);
  return [...own, ...shorterWarmup(own, epochs)];
}

/** A warm-up that fits into fewer epochs than the strategy was made for: half of them. */
function shorterWarmup(own: readonly ConfigSource[], epochs: unknown): readonly ConfigSource[] {
  const { values, origins } = mergeSources(own);
  const warmup = isGroup(values.schedule) ? values.schedule.warmup : undefined;
  if (typeof warmup !== 'number' || typeof epochs !== 'number') return [];
  if (epochs <= 0 || warmup < epochs) return [];
  const { origin = '' } = origins.get('schedule.warmup') ?? {};
  return [
    { origin: `${origin}, for ${epochs} epochs`, values: { schedule: { warmup: epochs / 2 } } },
  ];
}

/** Issues between values that are valid one by one, so that all issues are reported at once. */
function contradictions(
  sources: readonly ConfigSource[],
  of: { readonly strategy: StrategyName; readonly wrong: readonly ConfigIssue[] },
): ConfigIssue[] {
  const broken = of.wrong.map(({ path }) => path.replace(/\[.*/, '')).filter((path) => path !== '');
  const possible = sources.map((source) => ({ ...source, values: without(source.values, broken) }));
  const absent = { origin: '', values: { data: '.', out: '.' } };
  const merged = mergeSources([absent, ...strategyLayers(possible, of.strategy), ...possible]);
  const parsed = checkForm(runConfigSchema, merged.values);
  if (!parsed.success) return [];
  return ruleIssues(parsed.data, broken).map((issue) => placed(issue, merged));
}

/** What the sources ask for: a strategy's name, or `auto`. Anything else is left to `resolveConfig`. */
export function declaredStrategy(sources: readonly ConfigSource[]): StrategyName | 'auto' {
  const { strategy } = mergeSources(sources).values;
  return STRATEGIES.find((name) => name === strategy) ?? 'auto';
}

/** The strategy that stands in for `auto` before the images were read. */
export function provisionalStrategy(sources: readonly ConfigSource[]): StrategyName {
  const declared = declaredStrategy(sources);
  if (declared !== 'auto') return declared;
  return mergeSources(sources).values.weights === 'random' ? 'scratch' : 'head';
}

function chosen(sources: readonly ConfigSource[], strategy: StrategyName): ConfigSource {
  const auto = declaredStrategy(sources) === 'auto';
  return { origin: 'chosen for auto', values: auto ? { strategy } : {} };
}

/** `runs/NAME`: the name says what was trained on and how. */
function defaultFolder(data: unknown, strategy: StrategyName): string | undefined {
  if (typeof data !== 'string' || data === '') return undefined;
  const name = basename(resolve(data));
  return join('runs', `${basename(name, extname(name)) || 'images'}-${strategy}`);
}

function placed(issue: ConfigIssue, merged: Merged): ConfigIssue {
  return { ...issue, where: placeIn(originOf(merged, issue.path), issue.path) };
}

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { VggtuneError } from '../base/errors.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { ConfigError, type ConfigIssue } from '../config/issues.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../config/schema.ts';
import { type ConfigSource, Settings } from '../config/settings.ts';
import { isComplete } from '../run/log-end.ts';
import type { MetricsRecord } from '../run/record.ts';
import { refuseChangedConfig } from '../run/refuse-changed.ts';
import { readConfig, readRecord } from '../run/run-records.ts';
import { type RunPaths, runPaths } from '../run/store.ts';

/** The state in which an earlier batch left a run folder. */
export type RunState =
  /** Nothing there. */
  | { readonly kind: 'new' }
  /** Trained, measured and exported with the same settings: nothing is left to do. */
  | {
      readonly kind: 'finished';
      readonly strategy: StrategyName;
      readonly metrics: MetricsRecord | undefined;
    }
  /** Begun with the same settings. */
  | { readonly kind: 'begun' }
  /** To be replaced: it was made with other settings, or broke off before anything was done. */
  | { readonly kind: 'replace' }
  /** Made with other settings, which the user has to decide about. */
  | { readonly kind: 'refused'; readonly issue: ConfigIssue };

interface Described {
  readonly file: string;
  readonly folder: string;
  readonly settings: Settings;
}

/** @param overwrite a run with other settings is replaced, not refused */
export async function runState(run: Described, overwrite: boolean): Promise<RunState> {
  const paths = runPaths(run.folder);
  if (!(await exists(paths.config))) return { kind: 'new' };
  const stored = await storedConfig(paths);
  if (stored === undefined) return differs(run, 'its config.yaml is damaged', overwrite);
  const strategy = strategyOf(run.settings, stored);
  const wanted = run.settings.with(networkOf(stored), 'below').for(strategy);
  const change = changed(run.folder, stored, wanted);
  if (change !== undefined) return differs(run, change, overwrite);
  if (!(await exists(paths.split)) || !(await exists(paths.plan))) return { kind: 'replace' };
  const same = resolve(stored.data) === resolve(wanted.data);
  const exported = wanted.export.every((format) => stored.export.includes(format));
  if (!same || !exported || !(await isComplete(paths.events))) return { kind: 'begun' };
  const metrics = (await exists(paths.metrics)) ? await readRecord(paths, 'metrics') : undefined;
  return { kind: 'finished', strategy: stored.strategy as StrategyName, metrics };
}

/** Where no network is named, the one that the run was started with is meant. */
function networkOf({ backbone }: RunConfig): ConfigSource {
  return { origin: 'the run so far', values: { backbone } };
}

/** `auto` is what it was found to be when the run was started. */
function strategyOf(settings: Settings, stored: RunConfig): StrategyName {
  const declared = settings.strategy;
  if (declared !== 'auto') return declared;
  return STRATEGIES.find((name) => name === stored.strategy) ?? 'head';
}

async function storedConfig(paths: RunPaths): Promise<RunConfig | undefined> {
  try {
    const settings = Settings.stored(paths.config, await readConfig(paths));
    const { strategy } = settings;
    return strategy === 'auto' ? undefined : settings.for(strategy);
  } catch (error) {
    if (error instanceof VggtuneError || error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** What differs, as a sentence. */
function changed(folder: string, stored: RunConfig, wanted: RunConfig): string | undefined {
  try {
    refuseChangedConfig(folder, stored, absoluteWeights(wanted));
    return undefined;
  } catch (error) {
    if (!(error instanceof VggtuneError)) throw error;
    return `it was made with ${error.details.expected}; now ${error.details.found}`;
  }
}

/** As `train` stores it. */
function absoluteWeights(config: RunConfig): RunConfig {
  const { weights } = config;
  return weights === 'auto' || weights === 'random'
    ? config
    : { ...config, weights: resolve(weights) };
}

function differs(run: Described, message: string, overwrite: boolean): RunState {
  if (overwrite) return { kind: 'replace' };
  const fix = 'give `out` another folder, or replace such runs with --overwrite';
  const text = `there is another run in ${run.folder}: ${message}`;
  return { kind: 'refused', issue: { path: 'out', where: run.file, message: text, fix } };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, unlessMachineFails(false));
}

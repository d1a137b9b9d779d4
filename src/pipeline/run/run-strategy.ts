import { rmdir } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { interruptedError, VggtuneError } from '../../base/errors.ts';
import { shellWord } from '../../base/shell-word.ts';
import type { RunConfig } from '../../config/schema.ts';
import { Settings } from '../../config/settings.ts';
import type { DatasetIndex, Split } from '../../dataset/types.ts';
import { FORMAT_VERSION, type RunRecord, type SplitRecord } from '../../run/record.ts';
import { refuseChangedConfig, refuseChangedImages } from '../../run/refuse-changed.ts';
import { readConfig, readSplit, writeConfig, writeRecord } from '../../run/run-records.ts';
import { openRun, type RunPaths } from '../../run/store.ts';
import { engineOf } from '../prepare/work-context.ts';
import type { StrategyRun } from './strategy-run.ts';
import { trainRun } from './train-run.ts';

/**
 * Trains with a strategy on images that were read: opens the run folder, fills it and closes it.
 * @throws VggtuneError with what the user can do; interrupted work is kept and can be resumed
 */
export function runStrategy(request: StrategyRun): Promise<RunRecord> {
  const done = inRunFolder(request, async (run, paths) => {
    request.log?.open(paths.events);
    await request.tracking?.open({ paths, config: run.config });
    const record = await trainRun(run, paths);
    request.emit(RUN_DONE);
    return record;
  });
  return done.catch((error: unknown) => {
    throw withCommand(error, request.config.out);
  });
}

/** What was interrupted, wherever that was, says by which command the run goes on. */
function withCommand(error: unknown, folder: string): unknown {
  if (!(error instanceof VggtuneError) || error.kind !== 'interrupted') return error;
  const { fix, ...details } = error.details;
  if (fix === undefined) return error;
  const near = relative(process.cwd(), folder);
  const short = near === '' || near.startsWith('..') ? folder : near;
  const command = `go on with: vggtune train --resume ${shellWord(short)}`;
  return interruptedError(error.message, {
    ...details,
    fix: fix.replace('go on with --resume', command),
  });
}

/**
 * Opens the folder of a run with what the run is about written down, lets something work in it, and closes it.
 * @throws VggtuneError with what the user can do
 */
export async function inRunFolder<T>(
  request: StrategyRun,
  work: (run: StrategyRun, paths: RunPaths) => Promise<T>,
): Promise<T> {
  const config = absolutePaths(request.config);
  // Before anything is written: a device that is not there leaves no run folder behind.
  const engine = await engineOf(request, config);
  const { paths, resumed, unlock } = await openRun(config.out, request);
  try {
    const run = { ...request, config, engine };
    await writeOrCompare(paths, { run, resumed });
    return await work(run, paths);
  } finally {
    request.log?.flush();
    await unlock();
    // A run that failed before it wrote anything leaves no folder; one with files is not removed.
    await rmdir(paths.folder).catch(() => {});
  }
}

/** The last event of a run that has trained, measured and exported. */
export const RUN_DONE = { type: 'stage', stage: 'done', message: 'done' } as const;

/** Writes the config and split of a new run; a resumed run must have the same. */
async function writeOrCompare(
  paths: RunPaths,
  { run, resumed }: { readonly run: StrategyRun; readonly resumed: boolean },
): Promise<void> {
  const { config, strategy, index, split, groups } = run;
  const record = { ...splitRecord(index, split), ...(groups && { nearDuplicates: groups }) };
  if (resumed) {
    const before = Settings.stored(paths.config, await readConfig(paths)).for(strategy);
    refuseChangedConfig(paths.folder, before, config);
    const stored = await readSplit(paths);
    if (stored !== undefined) return refuseChangedImages(paths.folder, stored, record);
    // It was ended before it had divided its images, so nothing depends on how.
    return writeRecord(paths, 'split', record);
  }
  await writeConfig(paths, config);
  await writeRecord(paths, 'split', record);
}

/** Makes paths absolute, so that a run can be resumed from any folder. */
export function absolutePaths(config: RunConfig): RunConfig {
  const { weights, decisions } = config;
  const named = weights === 'auto' || weights === 'random' || isAbsolute(weights);
  return {
    ...config,
    data: resolve(config.data),
    decisions: decisions === null ? null : resolve(decisions),
    weights: named ? weights : resolve(weights),
  };
}

function splitRecord(index: DatasetIndex, split: Split): SplitRecord {
  const side = (name: keyof Split) =>
    split[name].map(({ path, hash, label }) => ({ path, hash, label }));
  return {
    version: FORMAT_VERSION,
    classes: index.classes,
    train: side('train'),
    val: side('val'),
    test: side('test'),
  };
}

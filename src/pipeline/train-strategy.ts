import { rmdir } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import { Settings } from '../config/settings.ts';
import type { DatasetIndex, Split } from '../dataset/types.ts';
import { refuseChangedConfig, refuseChangedImages } from '../run/compare.ts';
import type { EventLog } from '../run/event-log.ts';
import { FORMAT_VERSION, type RunRecord, type SplitRecord } from '../run/record.ts';
import {
  type OpenRun,
  openRun,
  readConfig,
  readRecord,
  writeConfig,
  writeRecord,
} from '../run/store.ts';
import { trainRun } from './train-run.ts';
import { engineOf, type WorkContext } from './work-context.ts';

/** A run of which nothing is left to choose. */
export interface TrainStrategyRequest extends WorkContext {
  readonly config: RunConfig;
  readonly strategy: StrategyName;
  /** Why it is this strategy, a sentence each. */
  readonly evidence: readonly string[];
  readonly index: DatasetIndex;
  readonly split: Split;
  /** Goes on with the run in the `out` folder. */
  readonly resume?: boolean;
  /** Replaces the run in the `out` folder. */
  readonly overwrite?: boolean;
  /**
   * Measures the trained network on the validation side even where there is a test side: what is chosen
   * by the figures would otherwise have been chosen by the test.
   */
  readonly measureOn?: 'val';
  /** Gets the run's folder once it is open. */
  readonly log?: EventLog;
}

/**
 * Trains by a strategy on images that were read: the run folder is opened, filled and closed.
 * @throws VggtuneError with what the user can do; interrupted work is kept and can be resumed
 */
export async function trainStrategy(request: TrainStrategyRequest): Promise<RunRecord> {
  const config = absolutePaths(request.config);
  // Before anything is written: a device that is not there leaves no run folder behind.
  const engine = await engineOf(request, config);
  const run = await openRun(config.out, request);
  try {
    await writeOrCompare(run, { ...request, config });
    request.log?.open(run.paths.events);
    const record = await trainRun({ ...request, config, engine, paths: run.paths });
    request.emit(RUN_DONE);
    return record;
  } finally {
    request.log?.flush();
    await run.unlock();
    // A run that failed before it wrote anything leaves no folder; one with files is not removed.
    await rmdir(run.paths.folder).catch(() => {});
  }
}

/** The last event of a run that has trained, measured and exported. */
export const RUN_DONE = { type: 'stage', stage: 'done', message: 'done' } as const;

/** Writes down what a new run is about; one that is resumed must be about the same. */
async function writeOrCompare(
  { paths, resumed }: OpenRun,
  { config, strategy, index, split }: TrainStrategyRequest,
): Promise<void> {
  const record = splitRecord(index, split);
  if (resumed) {
    const before = Settings.stored(paths.config, await readConfig(paths)).for(strategy);
    refuseChangedConfig(paths.folder, before, config);
    refuseChangedImages(paths.folder, await readRecord(paths, 'split'), record);
    return;
  }
  await writeConfig(paths, config);
  await writeRecord(paths, 'split', record);
}

/** So that a run can be taken up from any folder. */
function absolutePaths(config: RunConfig): RunConfig {
  const { weights } = config;
  const named = weights === 'auto' || weights === 'random' || isAbsolute(weights);
  return { ...config, data: resolve(config.data), weights: named ? weights : resolve(weights) };
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

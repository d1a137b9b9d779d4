import { rmdir } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { Emit } from '../base/events.ts';
import { type ConfigSource, resolveConfig } from '../config/resolve.ts';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import type { DatasetIndex, Split } from '../dataset/types.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { refuseChangedConfig, refuseChangedImages } from '../run/compare.ts';
import type { EventLog } from '../run/event-log.ts';
import { FORMAT_VERSION, type RunRecord, type SplitRecord } from '../run/record.ts';
import {
  type OpenRun,
  openRun,
  readConfig,
  readSplit,
  writeConfig,
  writeRecord,
} from '../run/store.ts';
import { trainRun } from './train-run.ts';

/** A run of which nothing is left to choose. */
export interface TrainStrategyRequest {
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
  /** Never goes to the network for weights. */
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Instead of the one that the config names. */
  readonly engine?: Engine;
  /** Threads of the engine that the config names; by default one for each core. */
  readonly threads?: number;
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

/** The engine that is given, or the one that the config names. */
export async function engineOf(
  { engine, threads, emit }: Pick<TrainStrategyRequest, 'engine' | 'threads' | 'emit'>,
  config: RunConfig,
): Promise<Engine> {
  const options = threads === undefined ? { emit } : { emit, threads };
  return engine ?? openEngine(config.engine, config.device, options);
}

/** Writes down what a new run is about; one that is resumed must be about the same. */
async function writeOrCompare(
  { paths, resumed }: OpenRun,
  { config, strategy, index, split }: TrainStrategyRequest,
): Promise<void> {
  const record = splitRecord(index, split);
  if (resumed) {
    const values = (await readConfig(paths)) as ConfigSource['values'];
    const before = resolveConfig([{ origin: paths.config, values }], strategy);
    refuseChangedConfig(paths.folder, before, config);
    const stored = await readSplit(paths);
    if (stored !== undefined) return refuseChangedImages(paths.folder, stored, record);
    // It was ended before it had divided its images, so nothing depends on how.
    return writeRecord(paths, 'split', record);
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

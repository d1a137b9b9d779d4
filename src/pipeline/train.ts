import { rmdir } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { broadcast, type Emit } from '../base/events.ts';
import {
  type ConfigSource,
  declaredStrategy,
  provisionalStrategy,
  resolveConfig,
} from '../config/resolve.ts';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import { mergeSources } from '../config/sources.ts';
import type { DatasetIndex, Split } from '../dataset/types.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { refuseChangedConfig, refuseChangedImages } from '../run/compare.ts';
import { createEventLog } from '../run/event-log.ts';
import { FORMAT_VERSION, type RunRecord, type SplitRecord } from '../run/record.ts';
import {
  type OpenRun,
  openRun,
  readConfig,
  readRecord,
  refuseFolder,
  runPaths,
  writeConfig,
  writeRecord,
} from '../run/store.ts';
import { choiceEvidence } from './advice-evidence.ts';
import { choose } from './advise.ts';
import { advisedSources } from './advised-sources.ts';
import { type LoadedData, loadData } from './data.ts';
import { withBackbone } from './default-backbone.ts';
import { startingPoint } from './start-weights.ts';
import { trainRun } from './train-run.ts';

export interface TrainRequest {
  /** Where the settings come from, the strongest last. */
  readonly sources: readonly ConfigSource[];
  /** Goes on with the run in the `out` folder; its own config fills what the sources leave out. */
  readonly resume?: boolean;
  /** Replaces the run in the `out` folder. */
  readonly overwrite?: boolean;
  /** Never goes to the network for weights. */
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Instead of the one that the config names. */
  readonly engine?: Engine;
  /**
   * Measures the trained network on the validation side even where there is a test side: what is chosen
   * by the figures would otherwise have been chosen by the test.
   */
  readonly measureOn?: 'val';
  /** Threads of the engine that the config names; by default one for each core. */
  readonly threads?: number;
}

/**
 * Fine-tunes a network on a data set, from settings to a folder with the trained model.
 * @throws VggtuneError with what the user can do; interrupted work is kept and can be resumed
 */
export async function train(request: TrainRequest): Promise<RunRecord> {
  const stored = request.resume === true ? await storedSource(request.sources) : undefined;
  const asked = stored === undefined ? request.sources : withStored(stored, request.sources);
  const log = createEventLog();
  const emit = broadcast([request.emit, log.listen]);
  const sources = await withBackbone(asked, { ...request, emit });
  const data = await readData({ ...request, sources, emit });
  const config = absolutePaths(resolveConfig(data.sources, data.strategy));
  // Before anything is written: a device that is not there leaves no run folder behind.
  const engine = data.engine ?? (await engineOf({ ...request, emit }, config));
  const run = await openRun(config.out, request);
  try {
    await writeOrCompare(run, { ...data, config });
    log.open(run.paths.events);
    const record = await trainRun({ ...request, ...data, config, engine, emit, paths: run.paths });
    emit(RUN_DONE);
    return record;
  } finally {
    log.flush();
    await run.unlock();
    // A run that failed before it wrote anything leaves no folder; one with files is not removed.
    await rmdir(run.paths.folder).catch(() => {});
  }
}

/** The last event of a run that has trained, measured and exported. */
export const RUN_DONE = { type: 'stage', stage: 'done', message: 'done' } as const;

async function engineOf(request: TrainRequest, config: RunConfig): Promise<Engine> {
  const { engine, threads, emit } = request;
  const options = threads === undefined ? { emit } : { emit, threads };
  return engine ?? openEngine(config.engine, config.device, options);
}

/** The config of the run to resume. */
async function storedSource(sources: readonly ConfigSource[]): Promise<ConfigSource> {
  const named = mergeSources(sources).values.out;
  const out =
    typeof named === 'string' ? named : resolveConfig(sources, provisionalStrategy(sources)).out;
  await refuseFolder(out, { resume: true });
  const paths = runPaths(out);
  return { origin: paths.config, values: (await readConfig(paths)) as ConfigSource['values'] };
}

/** The stored config stands below all other sources; its strategy is what `auto` now means. */
function withStored(
  stored: ConfigSource,
  sources: readonly ConfigSource[],
): readonly ConfigSource[] {
  const all = [stored, ...sources];
  if (declaredStrategy(all) !== 'auto') return all;
  const { strategy, weights } = stored.values;
  const values = { strategy, ...(strategy === 'scratch' && { weights }) };
  return [...all, { origin: stored.origin, values }];
}

interface Data {
  readonly index: DatasetIndex;
  readonly split: Split;
  readonly strategy: StrategyName;
  readonly evidence: readonly string[];
  /** The settings, with what the advice brings along. */
  readonly sources: readonly ConfigSource[];
  /** Where one was needed to choose. */
  readonly engine?: Engine;
}

/** Looks at the images and chooses the strategy. */
async function readData(request: TrainRequest): Promise<Data> {
  const { sources, emit, signal } = request;
  const declared = declaredStrategy(sources);
  const config = resolveConfig(sources, provisionalStrategy(sources));
  // Said before the images are read, where the folder's name does not wait for the strategy.
  if (declared !== 'auto') await refuseFolder(config.out, request);
  const data = await loadData(config, { emit, signal });
  if (declared !== 'auto') {
    const evidence = [`strategy ${declared}, as asked for`];
    return { ...data, strategy: declared, evidence, sources };
  }
  return { ...data, ...(await chooseStrategy(request, { config, data })) };
}

type Choice = Pick<Data, 'strategy' | 'evidence' | 'sources' | 'engine'>;

/** Measures the images, and decides; the freeze boundary that is advised stands below all settings. */
async function chooseStrategy(
  request: TrainRequest,
  { config, data }: { readonly config: RunConfig; readonly data: LoadedData },
): Promise<Choice> {
  const { emit, signal, offline = false } = request;
  const engine = await engineOf(request, config);
  const classes = data.index.classes.length;
  const start = await startingPoint(config, classes, { offline, emit, signal });
  const choice = await choose({ config, data, engine, start, signal, emit });
  const { strategy } = choice.advice;
  const evidence = choiceEvidence(choice);
  emit({ type: 'note', message: `strategy ${strategy}: ${choice.advice.evidence.join('; ')}` });
  const sources = advisedSources(choice.advice, request.sources);
  return { strategy, evidence, sources, engine };
}

/** Writes down what a new run is about; one that is resumed must be about the same. */
async function writeOrCompare(
  { paths, resumed }: OpenRun,
  run: Data & { readonly config: RunConfig },
): Promise<void> {
  const record = splitRecord(run.index, run.split);
  if (resumed) {
    const values = (await readConfig(paths)) as ConfigSource['values'];
    const before = resolveConfig([{ origin: paths.config, values }], run.strategy);
    refuseChangedConfig(paths.folder, before, run.config);
    refuseChangedImages(paths.folder, await readRecord(paths, 'split'), record);
    return;
  }
  await writeConfig(paths, run.config);
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

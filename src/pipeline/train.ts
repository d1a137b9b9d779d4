import { broadcast } from '../base/events.ts';
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
import { createEventLog } from '../run/event-log.ts';
import type { RunRecord } from '../run/record.ts';
import { readConfig, refuseFolder, runPaths } from '../run/store.ts';
import { choiceEvidence } from './advice-evidence.ts';
import { advisedSources } from './advised-sources.ts';
import { choose } from './choose.ts';
import { type LoadedData, loadData } from './data.ts';
import { withBackbone } from './default-backbone.ts';
import { startingPoint } from './start-weights.ts';
import { engineOf, type TrainStrategyRequest, trainStrategy } from './train-strategy.ts';

/** How a run is started; where it resumes, its own config fills what the sources leave out. */
type Setting = 'resume' | 'overwrite' | 'offline' | 'signal' | 'emit' | 'engine' | 'threads';

export interface TrainRequest extends Pick<TrainStrategyRequest, Setting> {
  /** Where the settings come from, the strongest last. */
  readonly sources: readonly ConfigSource[];
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
  const config = resolveConfig(data.sources, data.strategy);
  return trainStrategy({ ...request, ...data, config, emit, log });
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
  const found = { sources: request.sources, config, data, engine, start };
  const choice = await choose({ ...found, offline, signal, emit });
  const { strategy } = choice.advice;
  const evidence = choiceEvidence(choice);
  emit({ type: 'note', message: `strategy ${strategy}: ${choice.advice.evidence.join('; ')}` });
  const sources = advisedSources(choice.advice, request.sources);
  return { strategy, evidence, sources, engine };
}

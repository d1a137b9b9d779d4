import { availableParallelism } from 'node:os';
import { type Advice, advise as decide } from '../advisor/advise.ts';
import { afterRace, isRaceDue } from '../advisor/race.ts';
import { judgeSize } from '../advisor/size.ts';
import { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { type ConfigSource, provisionalStrategy, resolveConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import type { ImageEntry } from '../dataset/types.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import type { AdviceReport, ChoiceReport, Similarity } from '../outputs/advice.ts';
import { duplicateEvidence, type LoadedData, loadData } from './data.ts';
import { withBackbone } from './default-backbone.ts';
import { estimateStrategies } from './estimate.ts';
import { costOf, race } from './race.ts';
import { measureSimilarity } from './similarity.ts';
import { type Start, startingPoint } from './start-weights.ts';

export type { AdviceReport, ChoiceReport };

export interface AdviseRequest {
  /** Where the settings come from, the strongest last; the strategy they name is not used. */
  readonly sources: readonly ConfigSource[];
  readonly offline?: boolean;
  /** Also measure what each strategy would take; on by default. */
  readonly estimates?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly engine?: Engine;
}

/**
 * Looks at a folder of images and says which strategy fits, with the evidence.
 * @throws VggtuneError when the settings or the data are wrong; weights that cannot be had only
 *   leave the similarity unmeasured
 */
export async function advise(request: AdviseRequest): Promise<AdviceReport> {
  const { emit } = request;
  // What it advises against may be what the settings ask for.
  const asked = [...request.sources, { origin: 'advise', values: { strategy: 'auto' } }];
  const sources = await withBackbone(asked, request);
  const config = resolveConfig(sources, provisionalStrategy(sources));
  const data = await loadData(config, request);
  const engine = request.engine ?? (await openEngine(config.engine, config.device, { emit }));
  const { start, trouble } = await startOrTrouble(config, data, request);
  const choice = await choose({ ...request, sources, config, data, engine, start, trouble });
  const wanted = request.estimates !== false;
  const advised = advisedFor(choice.advice);
  const estimates = wanted
    ? await estimateStrategies({ ...request, sources, advised, start, data, engine })
    : [];
  return {
    data: dataFacts(data),
    backbone: config.backbone,
    weights: trouble ?? start.source,
    machine: { engine: engine.name, device: engine.device, cores: availableParallelism() },
    ...choice,
    estimates,
  };
}

/** What is in a data set, by side and class. */
export function dataFacts({ index, split }: LoadedData): AdviceReport['data'] {
  const counts = labelCounts(index.images, index.classes.length);
  return {
    folder: index.root,
    images: index.images.length,
    skipped: index.skipped.length,
    sides: { train: split.train.length, val: split.val.length, test: split.test.length },
    classes: index.classes.map((name, label) => ({ name, images: counts[label] ?? 0 })),
  };
}

function labelCounts(images: readonly { readonly label: number }[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of images) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** Weights that cannot be had are no reason to say nothing: time and size are known without. */
async function startOrTrouble(
  config: RunConfig,
  data: LoadedData,
  { offline = false, emit, signal }: AdviseRequest,
): Promise<{ start: Start; trouble?: string }> {
  const classes = data.index.classes.length;
  const options = { offline, emit, signal };
  try {
    return { start: await startingPoint(config, classes, options) };
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind !== 'unavailable') throw error;
    const start = await startingPoint({ ...config, weights: 'random' }, classes, options);
    return { start, trouble: error.message };
  }
}

export interface ChoiceRequest {
  /** Settings, from which those of each strategy follow where they are tried. */
  readonly sources: readonly ConfigSource[];
  readonly config: RunConfig;
  readonly data: LoadedData;
  readonly engine: Engine;
  readonly start: Start;
  /** Why the weights that were asked for could not be had. */
  readonly trouble?: string | undefined;
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** Measures what the decision needs, decides, and lets a race have its say where there is one. */
export async function choose(request: ChoiceRequest): Promise<ChoiceReport> {
  const found = await measure(request);
  if (!wantsRace(request)) return found;
  const epochs = request.config.advise.raceEpochs;
  const results = await race({ ...request, epochs, advised: advisedFor(found.advice) });
  return { ...found, advice: afterRace(found.advice, results), race: results };
}

/** The boundary that is advised is that of the strategy that is advised. */
function advisedFor({ strategy, freeze }: Advice) {
  return freeze === null ? {} : { [strategy]: { freeze } };
}

/** What size and similarity say. */
async function measure(request: ChoiceRequest): Promise<ChoiceReport> {
  const { config, data, start, trouble, emit } = request;
  const { index } = data;
  // A copy of a picture that the probe was fitted with would be named right for that alone.
  const images = distinctImages(data);
  const size = judgeSize(labelCounts(images, index.classes.length), config.advise);
  const duplicates = duplicateEvidence(data, config);
  const pretrained = trouble !== undefined || startsTrained(start);
  if (trouble !== undefined || !pretrained) {
    const reason =
      trouble === undefined
        ? 'the network starts from random weights: similarity cannot be measured'
        : `the weights are not there (${trouble}): similarity cannot be measured`;
    const similarity: Similarity = { state: 'unmeasured', reason, depths: [] };
    return { advice: decide({ size, similarity, pretrained }), size, duplicates, similarity };
  }
  emit({ type: 'stage', stage: 'advise', message: 'measuring how similar the images are' });
  const found = await measureSimilarity({ ...request, root: index.root, images });
  return {
    advice: decide({ size, similarity: found.similarity, pretrained }),
    size,
    duplicates,
    ...found,
  };
}

/** With random weights there is nothing to choose between, unless somebody wants to see it. */
function wantsRace({ config, data, start, trouble }: ChoiceRequest): boolean {
  const { race: wish } = config.advise;
  if (wish !== 'auto') return wish === 'always';
  const cost = { macs: costOf(config), images: data.split.train.length };
  const isOpen = trouble === undefined && startsTrained(start);
  return isOpen && isRaceDue(cost, { validation: data.split.val.length });
}

/** Whether any layer of the backbone comes from a file. */
export function startsTrained({ network, newLayers }: Start): boolean {
  return network.layers
    .slice(0, network.headStart)
    .some(({ name, kind }) => kind === 'conv' && !newLayers.has(name));
}

/** Training images, each picture once in a class however many copies there are. */
function distinctImages({ split, groups }: LoadedData): readonly ImageEntry[] {
  const keys = new Map(groups.flatMap((group) => group.map((hash) => [hash, group[0] ?? hash])));
  const distinct = new Map<string, ImageEntry>();
  for (const image of split.train) {
    const key = `${image.label} ${keys.get(image.hash) ?? image.hash}`;
    if (!distinct.has(key)) distinct.set(key, image);
  }
  return [...distinct.values()];
}

import { availableParallelism } from 'node:os';
import { type Advice, advise as decide } from '../advisor/advise.ts';
import type { Similarity } from '../advisor/similarity.ts';
import { judgeSize, type SizeEvidence } from '../advisor/size.ts';
import { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { type ConfigSource, provisionalStrategy, resolveConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import type { Split } from '../dataset/types.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { type DuplicateEvidence, duplicateEvidence, type LoadedData, loadData } from './data.ts';
import { type Estimate, estimateStrategies } from './estimate.ts';
import { measureSimilarity } from './similarity.ts';
import { type Start, startingPoint } from './start-weights.ts';

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

/** What was found out about a data set, and the strategy that follows. */
export interface ChoiceReport {
  readonly advice: Advice;
  readonly size: SizeEvidence;
  readonly duplicates: DuplicateEvidence;
  /** What similarity was measured on; absent where it was not measured. */
  readonly sample?: { readonly images: number; readonly classes: number };
  readonly similarity: Similarity;
}

export interface AdviceReport extends ChoiceReport {
  readonly data: {
    readonly folder: string;
    readonly images: number;
    readonly skipped: number;
    readonly sides: Readonly<Record<keyof Split, number>>;
    readonly classes: readonly { readonly name: string; readonly images: number }[];
  };
  readonly backbone: string;
  /** Where the weights came from. */
  readonly weights: string;
  readonly machine: { readonly engine: string; readonly device: string; readonly cores: number };
  /** Empty where they were not asked for. */
  readonly estimates: readonly Estimate[];
}

/**
 * Looks at a folder of images and says which strategy fits, with the evidence.
 * @throws VggtuneError when the settings or the data are wrong; weights that cannot be had only
 *   leave the similarity unmeasured
 */
export async function advise(request: AdviseRequest): Promise<AdviceReport> {
  const { emit } = request;
  // What it advises against may be what the settings ask for.
  const sources = [...request.sources, { origin: 'advise', values: { strategy: 'auto' } }];
  const config = resolveConfig(sources, provisionalStrategy(sources));
  const data = await loadData(config, request);
  const engine = request.engine ?? (await openEngine(config.engine, config.device, { emit }));
  const { start, trouble } = await startOrTrouble(config, data, request);
  const choice = await choose({ ...request, config, data, engine, start, trouble });
  const { strategy, freeze } = choice.advice;
  const wanted = request.estimates !== false;
  // The boundary that is advised is that of the strategy that is advised.
  const advised = freeze === null ? {} : { [strategy]: { freeze } };
  const estimates = wanted
    ? await estimateStrategies({ ...request, advised, start, data, engine })
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
  readonly config: RunConfig;
  readonly data: LoadedData;
  readonly engine: Engine;
  readonly start: Start;
  /** Why the weights that were asked for could not be had. */
  readonly trouble?: string | undefined;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** Measures what the decision needs, and decides. */
export async function choose(request: ChoiceRequest): Promise<ChoiceReport> {
  const { config, data, start, trouble, emit } = request;
  const { index, split } = data;
  const size = judgeSize(distinctCounts(data), config.advise);
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
  const images = split.train;
  const found = await measureSimilarity({ ...request, root: index.root, images });
  return {
    advice: decide({ size, similarity: found.similarity, pretrained }),
    size,
    duplicates,
    ...found,
  };
}

/** Whether any layer of the backbone comes from a file. */
export function startsTrained({ network, newLayers }: Start): boolean {
  return network.layers
    .slice(0, network.headStart)
    .some(({ name, kind }) => kind === 'conv' && !newLayers.has(name));
}

/** Training images by class, each picture once however many copies there are. */
function distinctCounts({ index, split, groups }: LoadedData): number[] {
  const keys = new Map(groups.flatMap((group) => group.map((hash) => [hash, group[0] ?? hash])));
  const distinct = new Map(
    split.train.map((image) => [`${image.label} ${keys.get(image.hash) ?? image.hash}`, image]),
  );
  return labelCounts([...distinct.values()], index.classes.length);
}

import { type Advice, advise as decide } from '../../advisor/advise.ts';
import { afterRace, LEAST_IMAGES, type RaceResult } from '../../advisor/race.ts';
import type { Similarity } from '../../advisor/similarity.ts';
import { judgeSize, type SizeEvidence } from '../../advisor/size.ts';
import type { RunConfig } from '../../config/schema.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import {
  type DuplicateEvidence,
  duplicateEvidence,
  type LoadedData,
  labelCounts,
} from '../prepare/data.ts';
import type { Start } from '../prepare/start-weights.ts';
import type { StrategyQuestion } from '../prepare/strategy-question.ts';
import { measureSimilarity } from './measure-similarity.ts';
import { isAffordable, race } from './trials.ts';

/** The evidence about a data set, and the strategy that follows from it. */
export interface ChoiceReport {
  readonly advice: Advice;
  readonly size: SizeEvidence;
  readonly duplicates: DuplicateEvidence;
  /** The sample on which similarity was measured; absent where it was not measured. */
  readonly sample?: { readonly images: number; readonly classes: number };
  readonly similarity: Similarity;
  /** The results of all four strategies after short training, best first; absent where there was no race. */
  readonly race?: readonly RaceResult[];
}

export interface ChoiceRequest extends StrategyQuestion {
  readonly config: RunConfig;
  /** The reason why the requested weights are unavailable. */
  readonly trouble?: string | undefined;
}

/** Measures the evidence, decides, and lets a race overrule the decision where there is one. */
export async function choose(request: ChoiceRequest): Promise<ChoiceReport> {
  const found = await measure(request);
  if (!wantsRace(request)) return found;
  const epochs = request.config.advise.raceEpochs;
  const results = await race({ ...request, epochs, advised: advisedFor(found.advice) });
  return { ...found, advice: afterRace(found.advice, results), race: results };
}

/** The boundary that is advised is that of the strategy that is advised. */
export function advisedFor({ strategy, freeze }: Advice) {
  return freeze === null ? {} : { [strategy]: { freeze } };
}

/** The advice by size and similarity. */
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

/**
 * Whether to run a race: by default where no strategy would be cut short, and where enough images are held
 * out to compare on. With random weights there is nothing to choose between, unless the user asks for a race.
 */
function wantsRace({ settings, config, data, start, trouble }: ChoiceRequest): boolean {
  const { race: wish } = config.advise;
  if (wish !== 'auto') return wish === 'always';
  const { train, val } = data.split;
  const isOpen = trouble === undefined && startsTrained(start) && val.length >= LEAST_IMAGES;
  return isOpen && isAffordable(settings, train.length);
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

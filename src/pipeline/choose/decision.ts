import { type Advice, adviseScratch, boundaryOf, namedBy } from '../../advisor/advise.ts';
import { beliefOf } from '../../advisor/belief.ts';
import { levelOf } from '../../advisor/confidence.ts';
import { expectations } from '../../advisor/prior.ts';
import type { Similarity } from '../../advisor/similarity.ts';
import { judgeSize, type SizeEvidence } from '../../advisor/size.ts';
import { verdictOf } from '../../advisor/verdict.ts';
import { parseBudget } from '../../config/budget.ts';
import type { RunConfig } from '../../config/schema.ts';
import { groupNamer } from '../../dataset/near-duplicate-groups.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import { parameterCount } from '../../network/parameters.ts';
import {
  type DuplicateEvidence,
  duplicateEvidence,
  type LoadedData,
  labelCounts,
} from '../prepare/data.ts';
import type { Start } from '../prepare/start-weights.ts';
import type { StrategyQuestion } from '../prepare/strategy-question.ts';
import { measureSimilarity } from './measure-similarity.ts';
import { trialEvidence } from './trial-evidence.ts';
import { runTrials, type TrialRow, type Trials } from './trials.ts';

/** The evidence about a data set, and the strategy that follows from it. */
export interface ChoiceReport {
  readonly advice: Advice;
  readonly size: SizeEvidence;
  readonly duplicates: DuplicateEvidence;
  /** The sample on which similarity was measured; absent where it was not measured. */
  readonly sample?: { readonly images: number; readonly classes: number };
  readonly similarity: Similarity;
  /** What trials of the strategies came to, the best first; absent where there were none. */
  readonly trials?: readonly TrialRow[];
}

export interface ChoiceRequest extends StrategyQuestion {
  readonly config: RunConfig;
  /** The reason why the requested weights are unavailable. */
  readonly trouble?: string | undefined;
}

export interface Choice {
  readonly report: ChoiceReport;
  /** The folder of a run of the chosen strategy that a trial began: it can be gone on with. */
  readonly begun?: string;
}

/** Measures what the decision needs, tries the strategies as far as the budget allows, and decides. */
export async function choose(request: ChoiceRequest): Promise<Choice> {
  const { config, data, start, trouble } = request;
  // A copy of a picture that the probe was fitted with would be named right for that alone.
  const images = distinctImages(data);
  const size = judgeSize(labelCounts(images, data.index.classes.length), config.advise);
  const duplicates = duplicateEvidence(data, config);
  if (trouble !== undefined || !startsTrained(start)) {
    return { report: { ...withoutMeasuring(request, size), size, duplicates } };
  }
  request.emit({ type: 'stage', stage: 'advise', message: 'measuring how similar the images are' });
  const { speed, ...found } = await measureSimilarity({
    ...request,
    root: data.index.root,
    images,
  });
  const facts = { size, similarity: found.similarity };
  const budget = parseBudget(config.advise.budget) ?? null;
  const trials =
    budget === 0
      ? undefined
      : await runTrials({
          ...request,
          belief: priorBelief(request, facts),
          advised: advisedFor(facts),
          speed: speed ?? USUAL_SPEED,
          budget,
        });
  const advice = adviceOf(request, { ...facts, trials });
  const begun = trials?.begun[advice.strategy];
  return {
    report: {
      advice,
      size,
      duplicates,
      ...found,
      ...(trials !== undefined && trials.rows.length > 0 && { trials: trials.rows }),
    },
    ...(begun !== undefined && { begun }),
  };
}

/** The advice where there is no trained network to measure similarity with. */
function withoutMeasuring(request: ChoiceRequest, size: SizeEvidence) {
  const { trouble } = request;
  const why =
    trouble === undefined
      ? 'the network starts from random weights'
      : `the weights are not there (${trouble})`;
  const reason = `${why}: similarity cannot be measured`;
  const similarity: Similarity = { state: 'unmeasured', reason, depths: [] };
  // Weights that cannot be had now may be had later: size alone says what to do then.
  const advice =
    trouble === undefined
      ? adviseScratch(size, reason)
      : adviceOf(request, { size, similarity, trials: undefined });
  return { advice, similarity };
}

/** Multiply-adds a second of a slow processor, where nothing was measured. */
const USUAL_SPEED = 2e10;

interface Facts {
  readonly size: SizeEvidence;
  readonly similarity: Similarity;
}

/** Settings of single strategies that follow from the evidence: the freeze boundary. */
export function advisedFor({ similarity }: Pick<Facts, 'similarity'>) {
  const { freeze } = boundaryOf('top', similarity);
  return freeze === null ? {} : { top: { freeze } };
}

function priorBelief({ start }: ChoiceRequest, { size, similarity }: Facts) {
  const parameters = start.network.layers
    .slice(0, start.network.headStart)
    .reduce((sum, layer) => sum + parameterCount(layer), 0);
  const named = namedBy(size, similarity);
  return beliefOf(expectations({ size, similarity, parameters, named }));
}

const ASSUMED =
  'chosen by size alone, as if the images were similar to those of the pretraining: this is an assumption, not a measurement';

function adviceOf(
  request: ChoiceRequest,
  { trials, ...facts }: Facts & { readonly trials: Trials | undefined },
): Advice {
  const { size, similarity } = facts;
  const belief = trials?.belief ?? priorBelief(request, facts);
  const verdict = verdictOf(belief);
  const isAssumed = similarity.state === 'unmeasured' && trials === undefined;
  return {
    strategy: verdict.strategy,
    runnerUp: verdict.runnerUp,
    ...boundaryOf(verdict.strategy, similarity),
    confidence: levelOf(Math.min(isAssumed ? 0.5 : 0.99, verdict.confidence)),
    difference: verdict.difference,
    evidence: [
      size.reason,
      similarity.reason,
      `size and similarity name ${namedBy(size, similarity)}`,
      ...trialEvidence(verdict, trials?.rows ?? []),
      ...(isAssumed ? [ASSUMED] : []),
    ],
  };
}

/** Whether any layer of the backbone comes from a file. */
export function startsTrained({ network, newLayers }: Start): boolean {
  return network.layers
    .slice(0, network.headStart)
    .some(({ name, kind }) => kind === 'conv' && !newLayers.has(name));
}

/** Training images, each picture once in a class however many copies there are. */
function distinctImages({ split, groups }: LoadedData): readonly ImageEntry[] {
  const nameOf = groupNamer(groups);
  const distinct = new Map<string, ImageEntry>();
  for (const image of split.train) {
    const key = `${image.label} ${nameOf(image)}`;
    if (!distinct.has(key)) distinct.set(key, image);
  }
  return [...distinct.values()];
}

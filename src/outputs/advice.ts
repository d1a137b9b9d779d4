import { z } from 'zod';
import type { Advice } from '../advisor/advise.ts';
import type { DepthEvidence, MeasuredSimilarity, Similarity } from '../advisor/similarity.ts';
import type { SizeEvidence } from '../advisor/size.ts';
import type { AdviceReport } from '../pipeline/advise.ts';
import type { ChoiceReport } from '../pipeline/choose/decision.ts';
import type { TrialRow } from '../pipeline/choose/trials.ts';
import type { Estimate, StrategyEstimate } from '../pipeline/estimate/estimate-strategies.ts';
import type { DataFacts, DuplicateEvidence } from '../pipeline/prepare/data.ts';
import type { NotAllowed } from '../pipeline/prepare/strategy-question.ts';
import { count, list, seconds, share, strategy, texts } from './parts.ts';

const confidence = share.describe('0.5 is a coin');

export const sizeEvidence = z
  .strictObject({
    images: count.describe('to train on, near-duplicates counted once'),
    classes: count,
    perClass: z.strictObject({
      fewest: count,
      median: z.number(),
      mean: z.number(),
      most: count,
    }),
    imbalance: z.number().describe('images of the largest class for each one of the smallest'),
    verdict: z.enum(['small', 'large']),
    confidence: confidence.describe(
      'how far from the border: 0.5 on it, 0.9 at twice or half of it, never more than 0.99',
    ),
    reason: z.string(),
  })
  .describe('is there little data or much?') satisfies z.ZodType<SizeEvidence>;

const depth = z
  .strictObject({
    name: z.string().describe('the layer whose output it is'),
    width: count.describe('features an image: the channels, averaged over the map'),
    logme: z.number(),
    probe: share.describe('leave-one-out accuracy of a linear classifier'),
    probeError: z.number().describe('standard error of `probe`'),
    random: share
      .nullable()
      .describe('`probe` of the same network with random weights; null: not measured'),
    lead: z.number().describe('how much better than the last depth'),
    leadError: z.number().describe('standard error of `lead`, paired by image'),
  })
  .describe(
    'how well the classes are separated at one depth of the frozen network',
  ) satisfies z.ZodType<DepthEvidence>;

const measured = z.strictObject({
  state: z.literal('measured'),
  images: count,
  depths: list(depth),
  chance: share.describe('accuracy of always naming the most frequent class of the sample'),
  skill: z.number().describe('(probe - chance) / (1 - chance) at the last depth'),
  gain: z
    .number()
    .nullable()
    .describe(
      'the share of the errors at the best depth of random weights that the last depth avoids; null: not measured',
    ),
  best: z
    .string()
    .describe('an earlier depth that separates the classes clearly best; else the last'),
  worthKeeping: z
    .boolean()
    .describe('false: random weights separate the classes clearly better than any depth does'),
  verdict: z.enum(['similar', 'different']),
  confidence: confidence.describe(
    'in what share of resamples of the images, and of the borders, the same verdict is found',
  ),
  reason: z.string(),
}) satisfies z.ZodType<MeasuredSimilarity>;

const unmeasured = z.strictObject({
  state: z.literal('unmeasured'),
  reason: z.string(),
  depths: list(depth).describe('what was found all the same'),
});

const similarity = z
  .union([measured, unmeasured])
  .describe(
    'how close the images are to what the network was pretrained on',
  ) satisfies z.ZodType<Similarity>;

const advice = z
  .strictObject({
    strategy,
    runnerUp: strategy,
    freeze: z
      .string()
      .nullable()
      .describe("the last frozen layer, for the setting `freeze`; null: the strategy's own"),
    boundary: z.string().describe('why the boundary is there'),
    confidence: z.strictObject({
      value: share.describe('how probable it is that no strategy is more than two points better'),
      level: z.enum(['high', 'medium', 'low']),
    }),
    difference: z
      .strictObject({ mean: z.number(), low: z.number(), high: z.number() })
      .exactOptional()
      .describe(
        "by how much its accuracy is expected to be above the runner-up's, as a share, and the limits within which that is 19 times of 20; absent where there was nothing to choose between",
      ),
    evidence: texts.describe('why, a sentence each'),
  })
  .describe('the strategy that fits') satisfies z.ZodType<Advice>;

const duplicates = z.strictObject({
  identical: count.describe('files whose bytes another file has too'),
  nearGroups: count.describe('groups of contents that show nearly the same image'),
  nearImages: count.describe('images in them'),
  wouldHaveCrossed: count.describe('groups that a split by bytes alone would have torn apart'),
  examples: list(texts).describe('paths of the first groups'),
}) satisfies z.ZodType<DuplicateEvidence>;

const notAllowed = z
  .strictObject({ strategy, reason: z.string() })
  .describe('a strategy that the settings do not allow, and why') satisfies z.ZodType<NotAllowed>;

const trialRow = z.union([
  z.strictObject({
    strategy,
    folds: count.describe('parts of the training images that it was asked about'),
    images: count.describe('in them, each judged by a network that was not trained on it'),
    accuracy: share.describe('of these images'),
    epochs: list(count).describe('of each part; 0 where the output layer was solved'),
    seconds,
  }),
  notAllowed,
]) satisfies z.ZodType<TrialRow>;

export const choiceReport = z.strictObject({
  advice,
  size: sizeEvidence,
  duplicates,
  sample: z
    .strictObject({ images: count, classes: count })
    .exactOptional()
    .describe('what similarity was measured on; absent where it was not measured'),
  similarity,
  trials: list(trialRow)
    .exactOptional()
    .describe(
      'what trials of the strategies came to, the best first; absent where there were none',
    ),
}) satisfies z.ZodType<ChoiceReport>;

export const dataFacts = z.strictObject({
  folder: z.string(),
  images: count,
  skipped: count,
  sides: z.strictObject({ train: count, val: count, test: count }),
  classes: list(z.strictObject({ name: z.string(), images: count })),
}) satisfies z.ZodType<DataFacts>;

const strategyEstimate = z.strictObject({
  strategy,
  seconds: seconds.describe('all epochs: early stopping can only end sooner'),
  featureSeconds: seconds.describe('of which the frozen layers run once over the images'),
  secondsPerStep: seconds,
  steps: count,
  memory: z.number().min(0).describe('peak of the whole process, in bytes'),
  cache: z.number().min(0).describe('of the feature cache on disk, in bytes'),
  trainedParameters: count,
}) satisfies z.ZodType<StrategyEstimate>;

export const estimate = z.union([strategyEstimate, notAllowed]) satisfies z.ZodType<Estimate>;

export const adviceReport = choiceReport
  .extend({
    data: dataFacts,
    backbone: z.string(),
    weights: z.string().describe('where they came from'),
    machine: z.strictObject({ engine: z.string(), device: z.string(), cores: count }),
    estimates: list(estimate).describe('empty where they were not asked for'),
  })
  .describe(
    'the strategy that fits a folder of images, with the evidence',
  ) satisfies z.ZodType<AdviceReport>;

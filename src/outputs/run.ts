import { z } from 'zod';
import type { ImagePrediction, MetricsRecord, PlanRecord } from '../run/record.ts';
import { count, figures, list, share, sideName, strategy, texts } from './parts.ts';

export const parameterCounts = z.strictObject({ total: count, trained: count });

export const planRecord = z
  .strictObject({
    version: count,
    strategy,
    evidence: texts.describe('why this strategy, a sentence each'),
    frozen: texts.describe('names of the layers that stay as they are'),
    trained: texts.describe('names of the layers that are trained'),
    parameters: parameterCounts,
    provenance: z
      .record(z.string(), z.string())
      .exactOptional()
      .describe('where the starting weights came from: source, licence, hashes'),
    refit: z
      .literal(true)
      .exactOptional()
      .describe('the validation images are trained on too, once they have chosen'),
    startHash: z
      .string()
      .exactOptional()
      .describe('SHA-256 of the weights that the run began from and of how they want their images'),
  })
  .describe('plan.json of the run folder') satisfies z.ZodType<PlanRecord>;

const classFigures = z.strictObject({
  name: z.string(),
  precision: share,
  recall: share,
  f1: share,
  support: count.describe('images of the class'),
});

export const metricsRecord = z
  .strictObject({
    version: count,
    side: sideName.describe('the images that were measured'),
    images: count,
    beforeRefit: z
      .literal(true)
      .exactOptional()
      .describe('measured on the model before it was trained on these images too'),
    metrics: figures,
    perClass: list(classFigures),
    confusion: list(list(count)).describe('[actual][predicted]'),
  })
  .describe('metrics.json of the run folder') satisfies z.ZodType<MetricsRecord>;

export const imagePrediction = z
  .strictObject({
    path: z.string().describe("relative to the data's root"),
    label: z.string().describe('the true class'),
    guesses: list(z.strictObject({ label: z.string(), probability: share })).describe(
      'the most probable first, five at most',
    ),
    loss: z
      .number()
      .nullable()
      .describe("negative logarithm of the true class's probability; null: no number"),
  })
  .describe('what the network said of an image') satisfies z.ZodType<ImagePrediction>;

export const epochRow = z.strictObject({
  phase: z.string(),
  epoch: count,
  loss: z.number(),
  accuracy: share,
  validation: figures,
});

export const writtenFile = z.strictObject({ path: z.string(), what: z.string() });

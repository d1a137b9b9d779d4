import { z } from 'zod';
import { runConfigSchema } from '../config/schema.ts';
import type { PlannedPhase, PlanReport } from '../pipeline/plan.ts';
import { choiceReport, dataFacts, estimate } from './advice.ts';
import { layerRow } from './network.ts';
import { count, list, skippedFile, strategy, texts } from './parts.ts';
import { parameterCounts } from './run.ts';

const { optimizer, head } = runConfigSchema.shape;

const plannedPhase = z.strictObject({
  name: z.enum(['warm-up', 'main', 'refit warm-up', 'refit']),
  epochs: count,
  schedule: z.string(),
  from: z.string().describe('the first trained layer'),
  groups: list(
    z.strictObject({
      name: z.string(),
      parameters: count,
      learningRate: z.number(),
      weightDecay: z.number(),
    }),
  ).describe('parameters that share a peak learning rate'),
}) satisfies z.ZodType<PlannedPhase>;

export const planReport = z
  .strictObject({
    data: dataFacts,
    leftOut: list(skippedFile),
    strategy,
    evidence: texts,
    choice: choiceReport.exactOptional().describe('absent where the strategy was named'),
    weights: z.string(),
    head,
    newLayers: texts,
    frozen: texts,
    trained: texts,
    parameters: parameterCounts,
    layers: list(layerRow),
    optimizer,
    phases: list(plannedPhase),
    estimate: estimate.optional(),
    files: texts.describe('that would be written'),
    config: runConfigSchema,
  })
  .describe('what train would do') satisfies z.ZodType<PlanReport>;

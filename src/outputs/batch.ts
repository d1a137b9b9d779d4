import { z } from 'zod';
import {
  type BatchResults,
  RESULTS_VERSION,
  RUN_STATUSES,
  type RunResult,
} from '../batch/results.ts';
import type { Gate, MissedGate } from '../config/gates.ts';
import { count, figures, list, metricName, seconds, strategy, texts } from './parts.ts';

const gate = z.strictObject({
  text: z.string(),
  metric: metricName,
  operator: z.enum(['<', '<=', '>', '>=']),
  limit: z.number(),
}) satisfies z.ZodType<Gate>;

const missedGate = z.strictObject({
  gate,
  value: z.number().optional().describe('absent when the metric was not measured'),
}) satisfies z.ZodType<MissedGate>;

const runResult = z
  .strictObject({
    name: z.string(),
    file: z.string().describe('the config file'),
    folder: z.string().describe('the run folder, absolute'),
    values: z
      .record(z.string(), z.unknown())
      .describe('the values of the matrix that set the run apart, by dotted key'),
    status: z.enum(RUN_STATUSES),
    reused: z.boolean().describe('finished by an earlier batch, and not run again'),
    strategy: z.enum([...strategy.options, 'auto']),
    metrics: figures.describe('figures of metrics.json; empty when nothing was measured'),
    missed: list(missedGate),
    error: z.strictObject({ kind: z.string(), message: z.string() }).exactOptional(),
    seconds: seconds.describe("of this batch's own work on it"),
  })
  .describe('what came of one run') satisfies z.ZodType<RunResult>;

export const batchResults = z
  .strictObject({
    version: z.literal(RESULTS_VERSION),
    metric: metricName.describe('what the ranking goes by'),
    counts: z.strictObject({
      passed: count,
      'gate-missed': count,
      failed: count,
      interrupted: count,
      stopped: count.describe('of a search: others were ahead, or the time was over'),
      waiting: count,
    }),
    ranking: texts.describe('names of the runs that were measured, the best first'),
    runs: list(runResult).describe('in the order of the batch'),
  })
  .describe('results.json of a batch') satisfies z.ZodType<BatchResults>;

const plannedRun = z.strictObject({
  name: z.string(),
  file: z.string(),
  folder: z.string(),
  state: z.enum(['new', 'finished', 'begun', 'replace', 'refused']),
});

export const batchOutput = z.union([
  batchResults.extend({
    search: z
      .strictObject({
        budget: seconds.nullable().describe('null without a limit'),
        spent: seconds,
        best: z
          .string()
          .nullable()
          .describe('name of the run that is chosen; null where none was trained to its end'),
        bestConfig: z.string().nullable().describe('its config'),
        lead: z
          .strictObject({
            mean: z
              .number()
              .describe('a share of the images, or nats for the loss; more is better'),
            error: z.number().describe('its standard error'),
            images: z.number().int(),
          })
          .nullable()
          .describe(
            'how far it is ahead of the first run on the same images; where that one stays, how far the next best is; null: there is one run alone',
          ),
      })
      .exactOptional()
      .describe('of --search'),
    best: z
      .string()
      .nullable()
      .describe(
        'name of the run that the ranking begins with; of a search, of the one that is chosen',
      ),
    files: texts.describe('in which the results were left'),
  }),
  z.strictObject({ runs: list(plannedRun) }).describe('of --dry-run'),
]);

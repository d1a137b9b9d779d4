import { z } from 'zod';
import { count, figures, list, metricName, seconds, strategy, texts } from './parts.ts';

/** Raised when results.json changes its form. */
export const RESULTS_VERSION = 1;
export const RUN_STATUSES = ['passed', 'gate-missed', 'failed', 'interrupted', 'waiting'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

const gate = z.strictObject({
  text: z.string(),
  metric: metricName,
  operator: z.enum(['<', '<=', '>', '>=']),
  limit: z.number(),
});
/** A condition under which a command fails: `accuracy < 0.9`. */
export type Gate = z.output<typeof gate>;

const missedGate = z.strictObject({
  gate,
  value: z.number().optional().describe('absent when the metric was not measured'),
});
/** A gate that was missed, with the value that missed it; undefined was not measured. */
export type MissedGate = z.output<typeof missedGate>;

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
  .describe('what came of one run');
/** What came of one run of a batch. */
export type RunResult = z.output<typeof runResult>;

export const batchResults = z
  .strictObject({
    version: z.literal(RESULTS_VERSION),
    metric: metricName.describe('what the ranking goes by'),
    counts: z.strictObject({
      passed: count,
      'gate-missed': count,
      failed: count,
      interrupted: count,
      waiting: count,
    }),
    ranking: texts.describe('names of the runs that were measured, the best first'),
    runs: list(runResult).describe('in the order of the batch'),
  })
  .describe('results.json of a batch');
export type BatchResults = z.output<typeof batchResults>;

const plannedRun = z.strictObject({
  name: z.string(),
  file: z.string(),
  folder: z.string(),
  state: z.enum(['new', 'finished', 'begun', 'replace', 'refused']),
});

export const batchOutput = z.union([
  batchResults.extend({
    best: z.string().nullable().describe('name of the run that the ranking begins with'),
    files: texts.describe('in which the results were left'),
  }),
  z.strictObject({ runs: list(plannedRun) }).describe('of --dry-run'),
]);

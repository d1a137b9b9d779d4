import { z } from 'zod';
import { count, figures, list, sideName, texts } from './parts.ts';
import { queueListing } from './queue.ts';

const runSummary = z.strictObject({
  run: z.string().describe('the run folder'),
  state: z
    .enum(['done', 'at work', 'stopped', 'damaged'])
    .describe('stopped: `vggtune train --resume RUN` goes on with it'),
  problem: z.string().exactOptional().describe('why a damaged one cannot be read'),
  begun: z.string().nullable().describe('ISO 8601; null where it has no settings'),
  data: z.string().nullable(),
  backbone: z.string().nullable(),
  strategy: z.string().nullable(),
  classes: count.nullable(),
  trained: count.nullable().describe('images that it was trained on, validation apart'),
  measured: z
    .strictObject({ side: sideName, images: count, metrics: figures })
    .nullable()
    .describe('null: nothing was measured, or not yet'),
});

export const runsOutput = z.union([
  z.strictObject({ folders: texts, runs: list(runSummary) }).describe('of runs list'),
  queueListing,
  z
    .strictObject({
      runs: list(runSummary),
      settings: list(
        z.strictObject({
          key: z.string().describe('dotted: optimizer.learningRate'),
          values: list(z.unknown()).describe('in the order of the runs; null: it has none'),
        }),
      ).describe('those that are not the same in all runs'),
      sameImages: z.boolean().describe('whether all were measured on the same images'),
    })
    .describe('of runs compare'),
  z.strictObject({ removed: texts.describe('the run folders') }).describe('of runs remove'),
]);

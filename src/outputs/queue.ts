import { z } from 'zod';
import type { WorkerName } from '../queue/broker.ts';
import { WORKER_ENDS, type WorkerRun } from '../queue/serve.ts';
import { count, list, seconds } from './parts.ts';

export const workerName = z.strictObject({
  host: z.string(),
  pid: count.describe('of the process'),
}) satisfies z.ZodType<WorkerName>;

const workerRun = z.strictObject({
  name: z.string(),
  folder: z.string().describe('the run folder'),
  end: z
    .enum(WORKER_ENDS)
    .describe(
      'kept: it was finished already; put-back: left to other workers; lost: another worker has it',
    ),
  message: z.string().exactOptional(),
  seconds,
}) satisfies z.ZodType<WorkerRun>;

export const workerOutput = z.strictObject({
  queue: z.string().describe('the URL of the broker, without its password'),
  worker: workerName,
  runs: list(workerRun).describe('those that this worker took, in order'),
});

export const queueListing = z
  .strictObject({
    queue: z.string().describe('the URL of the broker, without its password'),
    workers: list(workerName).describe('those that are connected, as far as the broker tells'),
    runs: list(
      z.strictObject({
        id: z.string(),
        name: z.string().nullable().describe('null: no run of vggtune'),
        folder: z.string().nullable(),
        version: z.string().nullable().describe('of vggtune, that queued it'),
        state: z.enum(['waiting', 'delayed', 'active', 'done', 'failed']),
        worker: workerName.nullable().describe('that has it, or had it last'),
        doing: z.string().nullable().describe('what an active one is at'),
        attempts: count.describe('that have failed'),
        metrics: z.record(z.string(), z.number()).nullable().describe('of one that is done'),
        problem: z
          .string()
          .nullable()
          .describe('why the last attempt failed, or why a worker left it to others'),
      }),
    ),
  })
  .describe('of runs list --queue');

import type { RunEvent } from '../base/events.ts';
import { STRATEGIES } from '../config/schema.ts';
import { isGroup } from '../config/setting-sources.ts';
import type { JobState, QueuedJob, RunDone, RunProgress, WorkerName } from './broker.ts';
import { readQueuedRun } from './queued-run.ts';

/** What is read of BullMQ's job. Its data may come from anybody who may write to the broker. */
export interface JobFields {
  readonly id?: string;
  readonly data: unknown;
  readonly progress: unknown;
  readonly returnvalue: unknown;
  readonly failedReason?: string;
  readonly finishedOn?: number;
  readonly attemptsMade: number;
}

/** @param state of a job that has not ended */
export function queuedJob(job: JobFields, state: Exclude<JobState, 'done' | 'failed'>): QueuedJob {
  const { id = '', failedReason, attemptsMade } = job;
  const done = readDone(job.returnvalue);
  const progress = readProgress(job.progress);
  const ended = done === undefined ? 'failed' : 'done';
  return {
    id,
    state: job.finishedOn === undefined ? state : ended,
    run: readQueuedRun(job.data),
    attempts: attemptsMade,
    ...(progress !== undefined && { progress }),
    ...(done !== undefined && { done }),
    ...(failedReason !== undefined && failedReason !== '' && { error: failedReason }),
  };
}

function readWorker(value: unknown): WorkerName | undefined {
  if (!isGroup(value) || typeof value.host !== 'string' || typeof value.pid !== 'number') {
    return undefined;
  }
  return { host: value.host, pid: value.pid };
}

function readProgress(value: unknown): RunProgress | undefined {
  if (!isGroup(value)) return undefined;
  const worker = readWorker(value.worker);
  if (worker === undefined) return undefined;
  const { event, refused } = value;
  return {
    worker,
    ...(isProgressEvent(event) && { event }),
    ...(typeof refused === 'string' && { refused }),
  };
}

/** The fields that are shown of each kind of event. */
const SHOWN_FIELDS: Readonly<Record<string, Readonly<Record<string, 'string' | 'number'>>>> = {
  stage: { message: 'string' },
  progress: { task: 'string', done: 'number', total: 'number', unit: 'string' },
  step: { epoch: 'number', loss: 'number', accuracy: 'number' },
};

export function isProgressEvent(value: unknown): value is RunEvent {
  if (!isGroup(value) || typeof value.type !== 'string') return false;
  const fields = Object.hasOwn(SHOWN_FIELDS, value.type) ? SHOWN_FIELDS[value.type] : undefined;
  if (fields === undefined) return false;
  return Object.entries(fields).every(([key, type]) => typeof value[key] === type);
}

function readDone(value: unknown): RunDone | undefined {
  if (!isGroup(value) || !isGroup(value.metrics)) return undefined;
  const worker = readWorker(value.worker);
  const strategy = STRATEGIES.find((name) => name === value.strategy);
  if (worker === undefined || strategy === undefined || typeof value.seconds !== 'number') {
    return undefined;
  }
  const figures = Object.entries(value.metrics).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  const warnings = Array.isArray(value.warnings) ? value.warnings.map(String) : [];
  return {
    worker,
    strategy,
    metrics: Object.fromEntries(figures),
    seconds: value.seconds,
    warnings,
  };
}

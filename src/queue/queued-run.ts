import { canonicalJson, sha256 } from '../base/hash.ts';
import type { BatchRun } from '../batch/plan-batch.ts';
import { absolutePathValues } from '../config/file-paths.ts';
import { isGroup } from '../config/setting-sources.ts';
import type { QueuedRun } from './broker.ts';

/** A run as plain data for a worker, wherever it is. */
export function queuedRun(
  { name, folder, settings }: Pick<BatchRun, 'name' | 'folder' | 'settings'>,
  how: Pick<QueuedRun, 'version' | 'overwrite' | 'offline' | 'mark'>,
): QueuedRun {
  return { ...how, name, folder, values: absolutePathValues(settings.values) };
}

/** The same for the same settings in the same run folder, so that a batch that is given twice queues nothing twice. */
export function jobIdOf({ folder, values }: Pick<QueuedRun, 'folder' | 'values'>): string {
  return `run-${sha256(canonicalJson({ folder, values })).slice(0, 32)}`;
}

/** A job's data as a run; undefined where it has another form: other programs may write to the broker. */
export function readQueuedRun(data: unknown): QueuedRun | undefined {
  if (!isGroup(data)) return undefined;
  const { version, name, folder, values, overwrite, offline, mark } = data;
  if (typeof version !== 'string' || typeof name !== 'string' || typeof folder !== 'string') {
    return undefined;
  }
  if (!isGroup(values) || typeof mark !== 'string') return undefined;
  if (typeof overwrite !== 'boolean' || typeof offline !== 'boolean') return undefined;
  return { version, name, folder, values, overwrite, offline, mark };
}

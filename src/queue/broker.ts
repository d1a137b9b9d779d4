import type { RunEvent } from '../base/events.ts';
import type { StrategyName } from '../config/schema.ts';
import type { ConfigSource } from '../config/settings.ts';

/** What a batch puts into the queue: a run as plain data. */
export interface QueuedRun {
  /** The version of vggtune that has put it there. */
  readonly version: string;
  readonly name: string;
  /** The run folder, absolute. */
  readonly folder: string;
  /** The settings without defaults, with absolute paths. */
  readonly values: ConfigSource['values'];
  readonly overwrite: boolean;
  readonly offline: boolean;
  /** The mark of the folder in which the run folder is: a worker must see the same one. */
  readonly mark: string;
}

export interface WorkerName {
  readonly host: string;
  readonly pid: number;
}

/** What a worker says of a run while it has it. */
export interface RunProgress {
  readonly worker: WorkerName;
  readonly event?: RunEvent;
  /** Why it left the run to other workers. */
  readonly refused?: string;
}

/** What a worker says of a run that it has trained, or found trained. */
export interface RunDone {
  readonly worker: WorkerName;
  readonly strategy: StrategyName;
  readonly metrics: Readonly<Record<string, number>>;
  /** Seconds of the last worker's own work on it. */
  readonly seconds: number;
  readonly warnings: readonly string[];
}

export type JobState = 'waiting' | 'delayed' | 'active' | 'done' | 'failed';

/** A run as the broker knows it. */
export interface QueuedJob {
  readonly id: string;
  readonly state: JobState;
  /** Undefined where something else has written it. */
  readonly run: QueuedRun | undefined;
  /** Attempts that have failed. */
  readonly attempts: number;
  readonly progress?: RunProgress;
  readonly done?: RunDone;
  /** Why the last attempt failed: `kind: message`. */
  readonly error?: string;
}

/** The queue as a batch sees it. Calls wait for a broker that is away for a while. */
export interface Broker {
  /** Adds a run, unless there is a job of that id. */
  add(id: string, run: QueuedRun): Promise<void>;
  find(id: string): Promise<QueuedJob | undefined>;
  /** Removes a job that no worker has. */
  remove(id: string): Promise<void>;
  list(): Promise<readonly QueuedJob[]>;
  /** Workers that are connected, as far as the broker tells. */
  workers(): Promise<readonly WorkerName[]>;
  close(): Promise<void>;
}

/** A run that this worker has until it ends it in one of four ways, or loses it. */
export interface TakenJob {
  readonly id: string;
  readonly run: QueuedRun | undefined;
  /** Why it must not be tried again: it has ended too many workers. */
  readonly givenUp?: string;
  /** Says that it is still being worked on. @returns false where another worker may have it by now */
  renew(): Promise<boolean>;
  tell(progress: RunProgress): Promise<void>;
  finish(done: RunDone): Promise<void>;
  /** @param again after a while, if not too many attempts have failed */
  fail(error: string, again: boolean): Promise<void>;
  /** Leaves it to any worker, after some milliseconds. It counts as no attempt. */
  putBack(delay: number): Promise<void>;
}

/** The queue as a worker sees it. */
export interface Counter {
  /** The next run that waits; undefined where there is none. */
  take(): Promise<TakenJob | undefined>;
  /** Ids of the runs that wait, are delayed or are worked on. */
  unfinished(): Promise<readonly string[]>;
  close(): Promise<void>;
}

import { randomUUID } from 'node:crypto';
import type { QueueBase } from 'bullmq';
import { messageOf, systemCode } from '../base/errors.ts';
import type { QueueAddress } from './address.ts';
import type { Broker, Counter, TakenJob, WorkerName } from './broker.ts';
import { brokerError, missingPackages } from './broker-errors.ts';
import {
  ATTEMPTS,
  FIRST_BACKOFF_MS,
  KEEP_SECONDS,
  LOCK_MS,
  MOST_STALLS,
  QUEUE_NAME,
  STALLED_CHECK_MS,
} from './constants.ts';
import { type JobFields, queuedJob } from './job-record.ts';
import { readQueuedRun } from './queued-run.ts';
import { within } from './wait.ts';
import { nameText, readNames } from './worker-name.ts';

/** Called when the broker is away (with what the client says), and when it is back (without). */
type OnAway = (trouble: string | undefined) => void;

/** Milliseconds within which a broker must have answered at the start. */
const PATIENCE_MS = 10_000;
/** Milliseconds for a last word to the broker. */
const GOODBYE_MS = 2000;

/** Optional peers: they are loaded only where a queue is asked for. */
export async function loadPackages() {
  try {
    const [{ Queue, Worker, UnrecoverableError }, { Redis }] = await Promise.all([
      import('bullmq'),
      import('ioredis'),
    ]);
    return { Queue, Worker, UnrecoverableError, Redis };
  } catch (error) {
    const absent = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(systemCode(error) ?? '');
    throw absent ? missingPackages(error) : error;
  }
}
type Packages = Awaited<ReturnType<typeof loadPackages>>;

const loginOf = ({ host, port, db, username, password, tls }: QueueAddress) => ({
  host,
  port,
  db,
  ...(username !== undefined && { username }),
  ...(password !== undefined && { password }),
  ...(tls && { tls: {} }),
});

/** Once it has answered, a broker that is away is waited for. */
const connectionOf = (address: QueueAddress) => ({
  ...loginOf(address),
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(times * 500, 5000),
});

/**
 * Looks whether the broker is there and lets us in: the client itself would try for ever.
 * @throws VggtuneError (unavailable) within some 10 seconds
 */
export async function expectBroker(
  { Redis }: Pick<Packages, 'Redis'>,
  address: QueueAddress,
  patience = PATIENCE_MS,
): Promise<void> {
  const client = new Redis({
    ...loginOf(address),
    lazyConnect: true,
    connectTimeout: patience / 2,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let told: unknown;
  client.on('error', (error: unknown) => {
    told ??= error;
  });
  const look = async () => {
    await client.connect();
    await client.select(address.db);
    await client.info('server');
  };
  const call = look().catch((error: unknown) => {
    told ??= error;
    throw error;
  });
  const isThere = await within(patience, call);
  client.disconnect();
  if (!isThere) throw brokerError(address, told);
}

/**
 * The queue, to put runs into it and to look at them.
 * @throws VggtuneError (unavailable) where the packages or the broker are not there
 */
export async function openBroker(address: QueueAddress, onAway: OnAway): Promise<Broker> {
  const packages = await loadPackages();
  await expectBroker(packages, address);
  const queue = openQueue(packages, address, onAway);
  const call = <T>(made: Promise<T>): Promise<T> =>
    made.catch((error: unknown) => {
      throw brokerError(address, error);
    });
  const listed = async (state: Parameters<typeof queuedJob>[1], types: ListedTypes) =>
    (await call(queue.getJobs([...types], 0, -1, true))).map((job) => queuedJob(job, state));
  return {
    add: async (id, run) => {
      await call(queue.add(run.name, run, { jobId: id }));
    },
    find: async (id) => {
      const job = await call(queue.getJob(id));
      if (job === undefined) return undefined;
      const state = job.finishedOn === undefined ? await call(job.getState()) : 'ended';
      return queuedJob(job, state === 'active' || state === 'delayed' ? state : 'waiting');
    },
    remove: async (id) => {
      await call(queue.remove(id));
    },
    list: async () => [
      ...(await listed('active', ['active'])),
      ...(await listed('waiting', ['wait', 'prioritized'])),
      ...(await listed('delayed', ['delayed'])),
      ...(await listed('waiting', ['completed', 'failed'])),
    ],
    // Brokers of some services do not tell who is connected.
    workers: async () => readNames(await queue.getWorkers().catch(() => [])),
    close: async () => {
      await within(GOODBYE_MS, queue.close());
    },
  };
}
type ListedTypes = readonly (
  | 'active'
  | 'wait'
  | 'prioritized'
  | 'delayed'
  | 'completed'
  | 'failed'
)[];

function openQueue({ Queue }: Packages, address: QueueAddress, onAway: OnAway) {
  const queue = new Queue(QUEUE_NAME, {
    connection: connectionOf(address),
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: FIRST_BACKOFF_MS },
      removeOnComplete: { age: KEEP_SECONDS },
      removeOnFail: { age: KEEP_SECONDS },
      stackTraceLimit: 0,
    },
  });
  watch(queue, onAway);
  return queue;
}

function watch(queue: Pick<QueueBase, 'on' | 'getBackend'>, onAway: OnAway): void {
  // Without a listener an error would end the process.
  queue.on('error', (error: Error) => onAway(messageOf(error)));
  queue.getBackend().on('ready', () => onAway(undefined));
}

/**
 * The queue, to take runs from it. Runs of workers that are gone are looked for as long as it is open.
 * @throws VggtuneError (unavailable) where the packages or the broker are not there
 */
export async function openCounter(
  address: QueueAddress,
  { worker: own, onAway }: { readonly worker: WorkerName; readonly onAway: OnAway },
): Promise<Counter> {
  const packages = await loadPackages();
  await expectBroker(packages, address);
  const queue = openQueue(packages, address, onAway);
  const worker = new packages.Worker(QUEUE_NAME, null, {
    connection: connectionOf(address),
    name: nameText(own),
    autorun: false,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: MOST_STALLS,
  });
  watch(worker, onAway);
  await worker.startStalledCheckTimer();
  return {
    take: async () => {
      const token = randomUUID();
      const job: ActiveJob | undefined = await worker.getNextJob(token, { block: false });
      return job === undefined ? undefined : takenJob(job, token, packages);
    },
    unfinished: async () =>
      (await queue.getJobs(['active', 'wait', 'prioritized', 'delayed'])).flatMap(
        ({ id }) => id ?? [],
      ),
    close: async () => {
      await within(GOODBYE_MS, Promise.all([worker.close(true), queue.close()]));
    },
  };
}

/** What is used of BullMQ's job. */
interface ActiveJob extends JobFields {
  readonly deferredFailure?: string;
  extendLock(token: string, duration: number): Promise<number>;
  updateProgress(progress: object): Promise<void>;
  moveToCompleted(result: unknown, token: string, fetchNext: boolean): Promise<unknown>;
  moveToFailed(error: Error, token: string, fetchNext: boolean): Promise<unknown>;
  moveToDelayed(timestamp: number, token: string): Promise<void>;
  moveToWait(token: string): Promise<unknown>;
}

function takenJob(job: ActiveJob, token: string, { UnrecoverableError }: Packages): TakenJob {
  return {
    id: job.id ?? '',
    run: readQueuedRun(job.data),
    ...(job.deferredFailure !== undefined && { givenUp: job.deferredFailure }),
    renew: async () => (await job.extendLock(token, LOCK_MS)) === 1,
    tell: (progress) => job.updateProgress(progress),
    finish: async (done) => {
      await job.moveToCompleted(done, token, false);
    },
    fail: async (message, again) => {
      const error = again ? new Error(message) : new UnrecoverableError(message);
      await job.moveToFailed(error, token, false);
    },
    putBack: async (delay) => {
      if (delay > 0) await job.moveToDelayed(Date.now() + delay, token);
      else await job.moveToWait(token);
    },
  };
}

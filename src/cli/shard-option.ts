import type { Shard } from '../base/shard.ts';
import type { ConfigIssue } from '../config/issues.ts';

/** How schedulers tell a job of an array which one it is. */
interface Scheduler {
  readonly index: string;
  /** Absent where the scheduler does not tell how many jobs there are. */
  readonly count?: string;
}

/** Slurm, AWS Batch, an indexed job of Kubernetes, PBS. */
const SCHEDULERS: readonly Scheduler[] = [
  { index: 'SLURM_ARRAY_TASK_ID', count: 'SLURM_ARRAY_TASK_COUNT' },
  { index: 'AWS_BATCH_JOB_ARRAY_INDEX', count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { index: 'JOB_COMPLETION_INDEX' },
  { index: 'PBS_ARRAY_INDEX' },
];

export type ShardRead =
  | { readonly shard: Shard | undefined; readonly from?: string }
  | { readonly issue: ConfigIssue };

/**
 * The shard that `--shard` names: `2/4`; `4` alone where the scheduler's variables say which one of them it is. Without the
 * flag it is what a scheduler says that tells both.
 * @returns no shard where nothing says that there is one; `from`: the variable that said so
 */
export function readShard(text: string | undefined, environment: NodeJS.ProcessEnv): ShardRead {
  const job = jobOf(environment);
  if (text === undefined) {
    if (job?.count === undefined) return { shard: undefined };
    return { shard: shardOf(job.id, job.count), from: job.variable };
  }
  const [, first = '', second] = /^(\d{1,6})(?:\/(\d{1,6}))?$/.exec(text) ?? [];
  if (second !== undefined) {
    const [index, count] = [Number(first), Number(second)];
    return index >= 1 && index <= count ? { shard: { index, count } } : wrong(text);
  }
  const count = Number(first);
  if (first === '' || count < 1) return wrong(text);
  return job === undefined
    ? withoutJob(text)
    : { shard: shardOf(job.id, count), from: job.variable };
}

/** Ids may begin anywhere; those of one array follow each other, so that each has a remainder of its own. */
const shardOf = (id: number, count: number): Shard => ({ index: (id % count) + 1, count });

function jobOf(environment: NodeJS.ProcessEnv) {
  for (const { index, count } of SCHEDULERS) {
    const id = wholeNumber(environment[index]);
    if (id === undefined) continue;
    const jobs = count === undefined ? undefined : wholeNumber(environment[count]);
    // Ids that go by twos leave shards out: the flag has to say what is meant.
    const step = wholeNumber(environment.SLURM_ARRAY_TASK_STEP) ?? 1;
    return { id, variable: index, count: jobs === 0 || step > 1 ? undefined : jobs };
  }
  return undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function wrong(found: string): ShardRead {
  const expected = 'I/N, as 2/4 for the second of four, or N within a job array';
  return {
    issue: { path: '', where: '--shard', message: 'not a possible value', expected, found },
  };
}

function withoutJob(found: string): ShardRead {
  return {
    issue: {
      path: '',
      where: '--shard',
      message: 'nothing says which of the shards this is',
      expected: `one of ${SCHEDULERS.map(({ index }) => index).join(', ')} in the environment`,
      found,
      fix: `say it: --shard 1/${found}`,
    },
  };
}

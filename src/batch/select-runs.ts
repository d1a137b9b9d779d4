import { sha256 } from '../base/hash.ts';
import { didYouMean } from '../base/suggest.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { BatchRun } from './plan-batch.ts';

/** The share of a batch that one of several processes takes. */
export interface Shard {
  /** From 1 to `count`. */
  readonly index: number;
  readonly count: number;
}

type Named = Pick<BatchRun, 'name'>;

/**
 * The runs of a shard, by a hash of their names: those that are added later move none of the others. Shards are
 * of about the same size where there are many runs for each.
 */
export function inShard<T extends Named>(runs: readonly T[], { index, count }: Shard): T[] {
  return runs.filter(({ name }) => hashOf(name) % count === index - 1);
}

/** 32 bits. */
const hashOf = (name: string) => Number.parseInt(sha256(name).slice(0, 8), 16);

/** The runs of these names, in the order of the batch. */
export function namedRuns<T extends Named>(
  runs: readonly T[],
  names: readonly string[],
): { readonly runs: readonly T[]; readonly issues: readonly ConfigIssue[] } {
  const known = runs.map(({ name }) => name);
  const issues = names
    .filter((name) => !known.includes(name))
    .map((name): ConfigIssue => {
      const near = didYouMean(name, known);
      return {
        path: '',
        where: '--run',
        message: 'there is no such run in the batch',
        expected: `one of its ${known.length} names, as --dry-run lists them`,
        found: name,
        ...(near !== undefined && { fix: near }),
      };
    });
  return { runs: runs.filter(({ name }) => names.includes(name)), issues };
}

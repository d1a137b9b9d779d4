import { sha256 } from '../base/hash.ts';
import { isInShard, type Shard } from '../base/shard.ts';
import { didYouMean } from '../base/suggest.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { BatchRun } from './plan-batch.ts';

type Named = Pick<BatchRun, 'name'>;

/** The runs of a shard, by their names. */
export function inShard<T extends Named>(runs: readonly T[], shard: Shard): T[] {
  return runs.filter(({ name }) => isInShard(sha256(name), shard));
}

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

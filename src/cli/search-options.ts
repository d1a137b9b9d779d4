import { parseDuration } from '../base/duration.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { Arguments } from './command.ts';
import type { ShardRead } from './shard-option.ts';

/** A search that was asked for, nothing, or what is wrong with it. */
export type ReadSearch =
  | { readonly points: number; readonly budget: number }
  | { readonly points: undefined }
  | { readonly issue: ConfigIssue };

/** Reads `--search` and `--budget`. */
export function readSearch(args: Arguments, part: ShardRead): ReadSearch {
  const [points, budget] = [args.text('search'), args.text('budget')];
  if (points === undefined) {
    return budget === undefined
      ? { points: undefined }
      : wrong('--budget', 'goes with --search N', budget);
  }
  const count = Number(points);
  if (!Number.isInteger(count) || count < 1) {
    return wrong('--search', 'a whole number of at least 1', points);
  }
  const milliseconds = budget === undefined ? Number.POSITIVE_INFINITY : parseDuration(budget);
  if (milliseconds === undefined || milliseconds === 0) {
    return wrong('--budget', 'a duration such as 90s, 30m or 1.5h', budget ?? '');
  }
  const other = otherFlag(args, part);
  if (other !== undefined) {
    return wrong('--search', 'one config file, whose runs go one after another', other);
  }
  return { points: count, budget: milliseconds / 1000 };
}

function otherFlag(args: Arguments, part: ShardRead): string | undefined {
  if ('shard' in part && part.shard !== undefined) return '--shard';
  if (args.positionals.length > 1) return 'a second config file';
  const name = ['jobs', 'run', 'list'].find((one) => args.has(one));
  return name === undefined ? undefined : `--${name}`;
}

function wrong(where: string, expected: string, found: string): { readonly issue: ConfigIssue } {
  return { issue: { path: '', where, message: 'not a possible search', expected, found } };
}

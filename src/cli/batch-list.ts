import { join } from 'node:path';
import type { BatchRun } from '../batch/plan-batch.ts';
import { withoutPassword } from '../queue/address.ts';
import type { Arguments } from './command.ts';
import { shellWord } from './shell.ts';

/** Where a batch leaves its results by default. */
export const RESULTS_FOLDER = 'runs';

/** Flags of `batch` that change what a run is. */
const TEXTS = ['preset', 'config', 'fail-if'] as const;
const SWITCHES = ['overwrite', 'offline'] as const;
/** Flags of `batch` that say which runs there are, and where their results go. */
const PARTS = [
  'shard',
  'run',
  'jobs',
  'results',
  'rank-by',
  'max-runs',
  'search',
  'budget',
] as const;

/** The command that goes on with a batch: the words of this one. */
export function sameCommand(args: Arguments): string {
  const queue = args.text('queue');
  const safe = queue === undefined ? [] : [`--queue=${withoutPassword(queue)}`];
  return commandLine(args.positionals, [...flagsOf(args, PARTS), ...safe, ...runFlags(args)]);
}

/** A command for each run, for tools that run commands: it has its own results, and all else as it was asked for. */
export function runCommands(
  runs: readonly Pick<BatchRun, 'name' | 'file'>[],
  args: Arguments,
): readonly string[] {
  const folder = args.text('results') ?? RESULTS_FOLDER;
  return runs.map(({ name, file }) => {
    const own = [`--run=${name}`, `--results=${join(folder, 'parts', name)}`];
    return commandLine([file], [...own, ...runFlags(args)]);
  });
}

function runFlags(args: Arguments): string[] {
  return [
    ...args.config.map(({ name, text }) => (name.startsWith('--no-') ? name : `${name}=${text}`)),
    ...flagsOf(args, TEXTS),
    ...SWITCHES.filter((name) => args.flag(name)).map((name) => `--${name}`),
  ];
}

const flagsOf = (args: Arguments, names: readonly string[]) =>
  names.flatMap((name) => args.list(name).map((text) => `--${name}=${text}`));

const commandLine = (files: readonly string[], flags: readonly string[]) =>
  ['vggtune', 'batch', ...files, ...flags].map(shellWord).join(' ');

import { join } from 'node:path';
import type { BatchRun } from '../batch/plan-batch.ts';
import type { Arguments } from './command.ts';
import { shellWord } from './shell.ts';

/** Where a batch leaves its results by default. */
export const RESULTS_FOLDER = 'runs';

/** Flags of `batch` that change what a run is. */
const TEXTS = ['config', 'fail-if'] as const;
const SWITCHES = ['overwrite', 'offline'] as const;

/** A command for each run, for tools that run commands: it has its own results, and all else as it was asked for. */
export function runCommands(
  runs: readonly Pick<BatchRun, 'name' | 'file'>[],
  args: Arguments,
): readonly string[] {
  const folder = args.text('results') ?? RESULTS_FOLDER;
  const flags = [
    ...args.config.map(({ name, text }) => (name.startsWith('--no-') ? name : `${name}=${text}`)),
    ...[args.text('preset') ?? []].flat().map((preset) => `--preset=${preset}`),
    ...TEXTS.flatMap((name) => args.list(name).map((text) => `--${name}=${text}`)),
    ...SWITCHES.filter((name) => args.flag(name)).map((name) => `--${name}`),
  ];
  return runs.map(({ name, file }) => {
    const own = [`--run=${name}`, `--results=${join(folder, 'parts', name)}`];
    return ['vggtune', 'batch', file, ...own, ...flags].map(shellWord).join(' ');
  });
}

import { join, resolve } from 'node:path';
import type { Gate } from '../config/gates.ts';
import { ConfigError, type ConfigIssue, shown, throwIssues } from '../config/issues.ts';
import type { StrategyName } from '../config/schema.ts';
import { type ConfigSource, Settings } from '../config/settings.ts';
import { DEFAULT_MAX_RUNS } from './constants.ts';
import { type BatchFile, findFiles, readBatchFile, readGates } from './files.ts';
import {
  type Axis,
  type Choice,
  choiceSource,
  combinationCount,
  combinationName,
  combinations,
} from './matrix.ts';
import { type RunState, runState } from './state.ts';

/** One run of a batch. */
export interface BatchRun {
  /** Unique in the batch: the file's name and, with a matrix, the values that set it apart. */
  readonly name: string;
  readonly file: string;
  readonly choices: readonly Choice[];
  /** What `train` takes; the strategy may still be `auto`. */
  readonly settings: Settings;
  readonly strategy: StrategyName | 'auto';
  /** Absolute. */
  readonly folder: string;
  readonly gates: readonly Gate[];
  readonly state: RunState;
}

export interface BatchRequest {
  /** Files, or patterns of them. */
  readonly patterns: readonly string[];
  /** Sources that override every file, weakest first: the environment, then the flags. */
  readonly above: readonly ConfigSource[];
  /** Conditions of every run, in text form, besides those that a file has in `failIf`. */
  readonly failIf: readonly string[];
  /** More runs than this are refused. */
  readonly maxRuns?: number;
  /** Replaces runs that were made with other settings. */
  readonly overwrite?: boolean;
  /** Sources that every file overrides. */
  readonly below?: readonly ConfigSource[];
  /** Which values the runs of a file have; by default every combination of its matrix. */
  readonly combine?: Combine;
}

/** The values of one run, and what it is called within its file; nothing where it is the only one. */
export interface Combination {
  readonly name: string;
  readonly choices: readonly Choice[];
}

export interface Combine {
  /** What a file must not have. */
  issues(file: BatchFile): readonly ConfigIssue[];
  count(file: BatchFile): number;
  of(file: BatchFile): Iterable<Combination>;
}

const EVERY_COMBINATION: Combine = {
  issues: ({ path, ranges, placeOf }) =>
    ranges.map((range) => ({
      path: `matrix.${range.path}`,
      where: placeOf(range.path) || path,
      message: 'a range has infinitely many values',
      expected: 'a list of values',
      fix: 'write a list, or let a search choose: --search 30',
    })),
  count: ({ axes }) => combinationCount(axes),
  *of({ axes }) {
    for (const choices of combinations(axes)) yield { name: combinationName(choices), choices };
  },
};

/**
 * Everything that a batch will do, checked before any of it is done.
 * @throws ConfigError with everything that is wrong in every file, at once
 */
export async function planBatch(request: BatchRequest): Promise<readonly BatchRun[]> {
  const found = await findFiles(request.patterns);
  const files = found.paths.map(readBatchFile);
  const flagGates = readGates(request.failIf, '--fail-if');
  const own = request.above.flatMap((source) => source.issues ?? []);
  const fileIssues = files.flatMap((file) => file.issues);
  const { combine = EVERY_COMBINATION } = request;
  const issues = [...found.issues, ...flagGates.issues, ...own, ...fileIssues];
  issues.push(...files.flatMap((file) => combine.issues(file)));
  const count = files.reduce((sum, file) => sum + combine.count(file), 0);
  const most = request.maxRuns ?? DEFAULT_MAX_RUNS;
  if (count > most) {
    // One run of each file shows what is wrong with all of them.
    const first = files.map((file) => ({ ...file, axes: file.axes.map(firstValue) }));
    const drafts = first.flatMap((file) =>
      draftsOf(file, { ...request, combine: EVERY_COMBINATION }),
    );
    issues.push(...drafts.flatMap(draftIssues), tooMany(files, count, most));
    throwIssues(unique(issues));
  }
  const drafts = files.flatMap((file) => draftsOf(file, { ...request, combine }));
  issues.push(...drafts.flatMap(draftIssues), ...sharedFolders(drafts));
  throwIssues(unique(issues));
  const runs = await Promise.all(
    drafts.map(async ({ gates, ...draft }) => {
      const state = await runState(draft, request.overwrite === true);
      return { ...draft, gates: [...gates, ...flagGates.gates], state };
    }),
  );
  throwIssues(runs.flatMap(({ state }) => (state.kind === 'refused' ? [state.issue] : [])));
  return runs;
}

const firstValue = ({ path, values }: Axis): Axis => ({ path, values: values.slice(0, 1) });

function tooMany(files: readonly BatchFile[], count: number, most: number): ConfigIssue {
  const largest = [...files].sort((a, b) => combinationCount(b.axes) - combinationCount(a.axes))[0];
  const sizes = largest?.axes.map(({ path, values }) => `${path} (${values.length})`).join(' x ');
  return {
    path: 'matrix',
    where: largest?.path ?? '',
    message: `${count} runs${sizes ? `: ${sizes}` : ''}`,
    expected: `at most ${most}`,
    found: String(count),
    fix: `take some values out, or say that you mean it: --max-runs ${count}`,
  };
}

type Draft = Omit<BatchRun, 'state'>;

function draftsOf(
  file: BatchFile,
  {
    below = [],
    above,
    combine,
  }: Pick<BatchRequest, 'below' | 'above'> & { readonly combine: Combine },
): Draft[] {
  const sources = [...below, ...file.sources];
  const out = Settings.of(...sources, ...above).values.out;
  const root = typeof out === 'string' && out !== '' ? out : join('runs', file.name);
  return [...combine.of(file)].map(({ name: suffix, choices }): Draft => {
    const folder = suffix === '' ? root : join(root, suffix);
    const chosen = choiceSource(choices, { origin: file.path, placeOf: file.placeOf });
    const place: ConfigSource = { origin: 'batch', values: { out: folder } };
    const settings = Settings.of(...sources, chosen, ...above, place);
    return {
      name: suffix === '' ? file.name : `${file.name}/${suffix}`,
      file: file.path,
      choices,
      settings,
      strategy: settings.strategy,
      folder: resolve(folder),
      gates: file.gates,
    };
  });
}

function draftIssues({ settings, strategy, file }: Draft): readonly ConfigIssue[] {
  try {
    settings.for(strategy === 'auto' ? 'head' : strategy);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map((issue) => inFile(issue, file));
    throw error;
  }
}

/** Attributes an issue to a file; what a file lacks has no line in it. */
function inFile(issue: ConfigIssue, file: string): ConfigIssue {
  return issue.where === '' && issue.path !== '' ? { ...issue, where: file } : issue;
}

/** Two runs in one folder would overwrite each other, or be taken for one another later. */
function sharedFolders(drafts: readonly Draft[]): ConfigIssue[] {
  const byFolder = new Map<string, Draft[]>();
  for (const draft of drafts) {
    byFolder.set(draft.folder, [...(byFolder.get(draft.folder) ?? []), draft]);
  }
  return [...byFolder].flatMap(([folder, sharing]) => {
    if (sharing.length < 2) return [];
    const files = [...new Set(sharing.map(({ file }) => file))];
    const found = sharing.map(({ name }) => name).join(', ');
    return [
      {
        path: 'out',
        where: files.join(', '),
        message: `${sharing.length} runs would write to one folder, ${folder}`,
        expected: 'a folder for each run',
        found: shown(found),
        fix: 'give each file its own `out`',
      },
    ];
  });
}

/** Removes duplicates: a mistake in a file is found in each of its runs. */
function unique(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}

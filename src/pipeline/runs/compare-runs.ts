import { dottedRows } from '../../base/dotted-rows.ts';
import { usageError } from '../../base/errors.ts';
import type { SplitRecord } from '../../run/record.ts';
import { isRun, runPaths } from '../../run/store.ts';
import { type RunSummary, summarise } from './run-summary.ts';

/** A setting that is not the same in all runs. */
export interface DifferingSetting {
  /** Dotted: `optimizer.learningRate`. */
  readonly key: string;
  /** In the order of the runs; null where a run does not have it. */
  readonly values: readonly unknown[];
}

export interface RunComparison {
  readonly runs: readonly RunSummary[];
  readonly settings: readonly DifferingSetting[];
  /** Whether the figures of all were measured on the same images, so that they can be compared. */
  readonly sameImages: boolean;
}

/** Where a run lies says nothing of what it does. */
const PLACES = ['out'];

/** @throws VggtuneError (usage) when one of the folders holds no run */
export async function compareRuns(folders: readonly string[]): Promise<RunComparison> {
  const runs: RunSummary[] = [];
  for (const folder of folders) {
    await expectRun(folder);
    runs.push(await summarise(folder));
  }
  const measured = new Set(runs.map(measuredImages));
  return {
    runs,
    settings: differingSettings(runs.map(({ config }) => config)),
    sameImages: measured.size === 1 && !measured.has(undefined),
  };
}

/** @throws VggtuneError (usage) when no run was started in a folder */
export async function expectRun(folder: string): Promise<void> {
  if (await isRun(runPaths(folder))) return;
  throw usageError(`${folder} is not the folder of a run`, {
    expected: 'a folder that `vggtune train` has made',
    where: folder,
    fix: '`vggtune runs list` shows the runs that there are',
  });
}

/** The settings of several runs that are not the same in all, in the order in which they stand. */
export function differingSettings(configs: readonly RunSummary['config'][]): DifferingSetting[] {
  const flat = configs.map((config) => new Map(dottedRows(config ?? {})));
  const keys = [...new Set(flat.flatMap((leaves) => [...leaves.keys()]))];
  return keys
    .filter((key) => !PLACES.includes(key))
    .map((key) => ({ key, values: flat.map((leaves) => leaves.get(key) ?? null) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}

/** What was measured, as a text that is equal for equal images; undefined where nothing was. */
function measuredImages({ split, metrics }: RunSummary): string | undefined {
  if (split === undefined || metrics === undefined) return undefined;
  const images =
    metrics.side === 'cross-validation' ? [...split.train, ...split.val] : split[metrics.side];
  const each = images.map((image) => labelled(image, split)).sort();
  return [metrics.images, ...each].join('\n');
}

const labelled = ({ hash, label }: SplitRecord['train'][number], { classes }: SplitRecord) =>
  `${hash} ${classes[label]}`;

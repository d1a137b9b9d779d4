import { resolve } from 'node:path';
import { usageError } from '../base/errors.ts';
import { type ReportedRun, readReportedRun } from '../report/read-run.ts';
import { writeReport } from '../report/write-report.ts';
import { runPaths } from '../run/store.ts';
import type { WorkContext } from './prepare/work-context.ts';

export interface ReportRequest extends Pick<WorkContext, 'storage' | 'emit' | 'signal'> {
  /** The run folders, each complete or not. */
  readonly runs: readonly string[];
  /** The path of the page; by default `report.html` in the folder of the only run, or in the current folder. */
  readonly out?: string;
}

/**
 * Writes one page about some runs, from the records that their folders hold.
 * @returns its path, and what is missing in each run's folder, in sentences
 * @throws VggtuneError (usage) when a folder holds no run, (data) when the page cannot be written
 */
export async function report(
  request: ReportRequest,
): Promise<{ readonly report: string; readonly missing: readonly string[] }> {
  const runs: ReportedRun[] = [];
  for (const folder of request.runs) runs.push(expectRun(await readReportedRun(folder)));
  const [first] = runs;
  const own = runs.length === 1 && first !== undefined ? runPaths(first.folder).report : undefined;
  const target = resolve(request.out ?? own ?? 'report.html');
  await writeReport({ runs, target, cache: request.storage.folder });
  request.emit({ type: 'file', path: target, what: 'the report' });
  return { report: target, missing: runs.flatMap(({ missing }) => missing) };
}

function expectRun(run: ReportedRun): ReportedRun {
  if (run.config !== undefined || run.events !== undefined) return run;
  throw usageError(`${run.folder} is not the folder of a run`, {
    expected: runPaths(run.folder).config,
    found: run.missing[0] ?? 'nothing',
    where: run.folder,
    fix: 'name a folder that `vggtune train` has made',
  });
}

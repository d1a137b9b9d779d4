import { resolve } from 'node:path';
import { messageOf, usageError } from '../base/errors.ts';
import { chooseImages } from '../report/image-choice.ts';
import { refuseForeignPage } from '../report/own-page.ts';
import { type ReportedRun, readReportedRun } from '../report/read-run.ts';
import { writeReport } from '../report/write-report.ts';
import { runPaths } from '../run/store.ts';
import { worstHeatMaps } from './heat/worst-heat-maps.ts';
import type { WorkContext } from './prepare/work-context.ts';

export interface ReportRequest extends Pick<WorkContext, 'storage' | 'emit' | 'signal'> {
  /** The run folders, each complete or not. */
  readonly runs: readonly string[];
  /** The path of the page; by default `report.html` in the folder of the only run, or in the current folder. */
  readonly out?: string;
  /** How long it may take, in seconds; heat maps and thumbnails for which there is no time are left out. */
  readonly seconds?: number;
}

/**
 * Writes one page about some runs, from the records that their folders hold.
 * @returns its path, and what is missing in each run's folder, in sentences
 * @throws VggtuneError (usage) when a folder holds no run, or a file of somebody else is in the page's place, (data) when the page cannot be written
 */
export async function report(
  request: ReportRequest,
): Promise<{ readonly report: string; readonly missing: readonly string[] }> {
  const runs: ReportedRun[] = [];
  for (const folder of request.runs) runs.push(expectRun(await readReportedRun(folder)));
  const names = runNames(runs);
  const named = runs.map((run, at) => ({ ...run, name: names[at] ?? run.name }));
  const [first] = named;
  const own = runs.length === 1 && first !== undefined ? runPaths(first.folder).report : undefined;
  const target = resolve(request.out ?? own ?? 'report.html');
  await refuseForeignPage(target);
  const heatMaps = new Map<string, ReadonlyMap<string, Buffer>>();
  const deadlines = deadlinesOf(request);
  for (const run of runs) heatMaps.set(run.folder, await heatMapsOf(run, request, deadlines));
  const cache = request.storage.folder;
  await writeReport({ runs: named, target, cache, heatMaps, until: deadlines.thumbnails });
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

/** The names of runs: those of their folders, or the whole paths where two folders are called the same. */
function runNames(runs: readonly ReportedRun[]): readonly string[] {
  const isUnique = new Set(runs.map(({ name }) => name)).size === runs.length;
  return runs.map(({ name, folder }) => (isUnique ? name : folder));
}

interface Deadlines {
  readonly heatMaps: number;
  readonly thumbnails: number;
}

/** Half of the time is for heat maps, a third for thumbnails, and the rest for the page. */
function deadlinesOf({ seconds = Number.POSITIVE_INFINITY }: ReportRequest): Deadlines {
  const now = performance.now();
  return { heatMaps: now + 500 * seconds, thumbnails: now + 800 * seconds };
}

/** Parameters of a network whose session is opened in a second, or more of them on a fast machine. */
const OPENED_PER_SECOND = 5e7;

async function heatMapsOf(
  run: ReportedRun,
  { storage, signal }: ReportRequest,
  { heatMaps: until }: Deadlines,
): Promise<ReadonlyMap<string, Buffer>> {
  const opening = 0.3 + (run.plan?.parameters.total ?? 0) / OPENED_PER_SECOND;
  const isTooLong = performance.now() + 1000 * opening > until;
  if (run.predictions === undefined || isTooLong) return new Map();
  const { worst: images } = chooseImages(run.predictions);
  return worstHeatMaps({ run, images, cache: storage.folder, signal, until });
}

/** The share of a run's time that its report may take, and the seconds that it may take in any case. */
const SHARE = 0.05;
const LEAST_SECONDS = 2;

/**
 * Writes the report of a run that has just ended. A report that cannot be written costs no run: it is a warning.
 * @param seconds that the run has taken
 */
export async function reportOfRun(
  folder: string,
  request: Pick<ReportRequest, 'storage' | 'emit' | 'signal'>,
  seconds: number,
): Promise<void> {
  try {
    const most = Math.max(LEAST_SECONDS, SHARE * seconds);
    await report({ ...request, runs: [folder], seconds: most });
  } catch (error) {
    const message = `report.html was not written: ${messageOf(error)}`;
    request.emit({ type: 'warning', code: 'no-report', message });
  }
}

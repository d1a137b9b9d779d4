import { writeFileAtomic } from '../base/atomic-file.ts';
import { openCharts } from './charts.ts';
import { chooseImages, inOrderOfNeed } from './image-choice.ts';
import { shownCopies } from './near-duplicates.ts';
import { reportPage } from './page.ts';
import type { ReportedRun } from './read-run.ts';
import { openRunImages } from './run-images.ts';
import { makeThumbnails } from './thumbnails.ts';
import type { RunView } from './view.ts';

export interface ReportRequest {
  readonly runs: readonly ReportedRun[];
  /** Heat maps as WebP, by the folder of the run and the path of the image. */
  readonly heatMaps?: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
  /** The path of the page. */
  readonly target: string;
  /** The cache folder, to which archives of images were unpacked. */
  readonly cache: string;
  /** When to make no more thumbnails, in the milliseconds of `performance.now()`. */
  readonly until?: number;
}

/** The bytes that thumbnails may have in all: base64 makes a third more of them. */
const MOST_BYTES = 2_400_000;
/** The most thumbnails, which bounds the time. */
const MOST_IMAGES = 600;

/**
 * Writes the report of some runs as one file.
 * @throws VggtuneError (data) when it cannot be written
 */
export async function writeReport(request: ReportRequest): Promise<void> {
  const { runs, target } = request;
  const charts = await openCharts();
  const views: RunView[] = [];
  for (const [at, run] of runs.entries()) {
    const choice = run.predictions === undefined ? undefined : chooseImages(run.predictions);
    views.push({
      run,
      choice,
      charts,
      id: `r${at + 1}`,
      thumbnails: await thumbnailsOf(run, { choice, request }),
      heatMaps: request.heatMaps?.get(run.folder) ?? new Map(),
    });
  }
  await writeFileAtomic(target, await reportPage(views));
}

async function thumbnailsOf(
  run: ReportedRun,
  { choice, request }: { readonly choice: RunView['choice']; readonly request: ReportRequest },
): Promise<RunView['thumbnails']> {
  const { config, split } = run;
  if (config === undefined) return new Map();
  const { runs, cache, until = Number.POSITIVE_INFINITY } = request;
  const paths = inOrderOfNeed(choice, split === undefined ? [] : shownCopies(split));
  return makeThumbnails({
    until,
    background: config.background,
    readImage: await openRunImages(run, cache),
    paths: paths.slice(0, Math.floor(MOST_IMAGES / runs.length)),
    mostBytes: MOST_BYTES / runs.length,
  });
}

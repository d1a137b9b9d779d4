import { messageOf } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { parseTracker, type TrackerPlace } from '../config/trackers.ts';
import { readHistory } from './history.ts';
import { Mlflow } from './mlflow.ts';
import { finalPoint, type Point, type PointReader } from './points.ts';
import { createTensorBoard } from './tensorboard.ts';
import type { RunEnd, TrackedRun, Tracker } from './tracker.ts';

export interface Tracking {
  /** Takes the events of the run. */
  readonly listen: Emit;
  /** Begins, once the run's folder is open and its events so far lie there. */
  open(run: Pick<TrackedRun, 'paths' | 'config'>): Promise<void>;
  /** Ends, with the final metrics of a run that has come to its end. */
  close(end: RunEnd, metrics?: Readonly<Record<string, number>>): Promise<void>;
}

/**
 * Tells other software what a run records, as the key `log` of its settings says. Nothing that fails here ends the run:
 * each tracker says once what it could not do.
 * @param emit for warnings
 */
export function createTracking(emit: Emit): Tracking {
  const careful = new Set<string>();
  const fail = (name: string, error: unknown) => {
    if (careful.has(name)) return;
    careful.add(name);
    emit({ type: 'warning', code: 'tracking', message: failureText(name, error) });
  };
  let trackers: readonly Tracker[] = [];
  let reader: PointReader | undefined;
  const all = async (work: (tracker: Tracker) => Promise<void>) => {
    await Promise.all(trackers.map((tracker) => guarded(tracker, work, fail)));
  };

  function log(point: ReturnType<PointReader['read']>): void {
    if (point === undefined) return;
    for (const tracker of trackers) logTo(tracker, point, fail);
  }

  return {
    listen: (event) => log(reader?.read(event, Date.now())),
    async open({ paths, config }) {
      const places = [...new Set(config.log)].flatMap((text) => parseTracker(text) ?? []);
      if (places.length === 0) return;
      trackers = places.map((place) => trackerOf(place, fail));
      const history = await readHistory(paths.events);
      await all((tracker) => tracker.open({ paths, config, points: history.points }));
      reader = history.reader;
    },
    async close(end, metrics) {
      // A run that was refused before it began is none.
      if (reader === undefined) return;
      if (metrics !== undefined) log(finalPoint(metrics, { step: reader.total, time: Date.now() }));
      await all((tracker) => tracker.close(end));
    },
  };
}

type Fail = (name: string, error: unknown) => void;

function trackerOf(place: TrackerPlace, fail: Fail): Tracker {
  if (place.kind === 'tensorboard') return createTensorBoard();
  const { address, experiment } = place;
  const onFailure = (error: unknown) => fail(`MLflow at ${address}`, error);
  return new Mlflow({ address, experiment, onFailure });
}

function logTo(tracker: Tracker, point: Point, fail: Fail): void {
  try {
    tracker.log(point);
  } catch (error) {
    fail(tracker.name, error);
  }
}

async function guarded(
  tracker: Tracker,
  work: (tracker: Tracker) => Promise<void>,
  fail: Fail,
): Promise<void> {
  try {
    await work(tracker);
  } catch (error) {
    fail(tracker.name, error);
  }
}

/** What `fetch` throws says nothing itself: the reason is its cause. */
function failureText(name: string, error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return `${name} cannot be told of the run: ${messageOf(cause)}; the run goes on, and events.ndjson has all of it`;
}

import { basename } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { dottedRows } from '../base/dotted-rows.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { FORMAT_VERSION } from '../run/record.ts';
import type { RunPaths } from '../run/store.ts';
import { MlflowServer, type ServerRun } from './mlflow-server.ts';
import type { Point } from './points.ts';
import type { RunEnd, TrackedRun, Tracker } from './tracker.ts';

/** Milliseconds between two looks at what waits: shortly after a request that went well, later after one that failed. */
const SOON = 2000;
const LATER = 30_000;
/** What `lastCall` is by default. */
const LAST_CALL = 30_000;

const STATUS = { finished: 'FINISHED', interrupted: 'KILLED', failed: 'FAILED' } as const;

/** The files of a run that the server is given, where it takes files. */
const FILES = ['config.yaml', 'plan.json', 'metrics.json', 'predictions.csv', 'report.html'];

export interface MlflowOptions {
  /** The address of the server. */
  readonly address: string;
  readonly experiment: string;
  /** Called for each failure; the work goes on. */
  readonly onFailure: (error: unknown) => void;
  /** Milliseconds that the end of a run waits for the server. */
  readonly lastCall?: number;
}

/**
 * Tells a tracking server of MLflow what a run records. Requests are made beside the training, one after the other;
 * where the server cannot be reached, points wait until it can. A run that is resumed goes on in the run of the server
 * that it began, which `tracking.json` names, and sends what is missing there.
 */
export class Mlflow implements Tracker {
  readonly name: string;
  readonly #options: MlflowOptions;
  readonly #ending = new AbortController();
  readonly #server: MlflowServer;
  readonly #waiting: Point[] = [];
  #tracked: TrackedRun | undefined;
  #found: ServerRun | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work = Promise.resolve();

  constructor(options: MlflowOptions) {
    this.name = `MLflow at ${options.address}`;
    this.#options = options;
    this.#server = new MlflowServer(options.address, this.#ending.signal);
  }

  async open(run: TrackedRun): Promise<void> {
    this.#tracked = run;
    this.#waiting.push(...run.points);
    this.#sendLater(0);
  }

  log(point: Point): void {
    this.#waiting.push(point);
  }

  async close(how: RunEnd): Promise<void> {
    const { lastCall = LAST_CALL } = this.#options;
    const limit = setTimeout(() => this.#ending.abort(new Error('no answer')), lastCall);
    try {
      await this.#end(how);
    } finally {
      clearTimeout(limit);
      clearTimeout(this.#timer);
    }
  }

  async #send(): Promise<void> {
    if (this.#tracked === undefined) return;
    this.#found ??= await connect(this.#server, this.#tracked, this.#options);
    const count = this.#waiting.length;
    const { id, steps } = this.#found;
    await this.#server.logPoints(id, missingOf(this.#waiting, steps));
    this.#waiting.splice(0, count);
  }

  #sendLater(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#work = this.#send().then(
        () => this.#sendLater(SOON),
        (error: unknown) => {
          this.#options.onFailure(error);
          this.#sendLater(LATER);
        },
      );
    }, milliseconds);
    // A run that is over does not wait for it.
    this.#timer.unref();
  }

  async #end(how: RunEnd): Promise<void> {
    await this.#work;
    clearTimeout(this.#timer);
    await this.#send();
    const [found, tracked] = [this.#found, this.#tracked];
    if (found === undefined || tracked === undefined) return;
    await this.#server.setStatus(found.id, STATUS[how]);
    const takesFiles = await this.#server.sendFiles(found, { paths: tracked.paths, names: FILES });
    if (!takesFiles) throw new Error(`files go to ${found.artifacts}, and not to the server`);
  }
}

/** Finds the run that was begun on the server, or begins one there, and gives it the settings as parameters. */
async function connect(
  server: MlflowServer,
  run: TrackedRun,
  { address, experiment }: Pick<MlflowOptions, 'address' | 'experiment'>,
): Promise<ServerRun> {
  const { paths, config, points } = run;
  const id = await readRunId(paths, address);
  let known = id === undefined ? undefined : await server.findRun(id);
  if (known !== undefined) await server.setStatus(known.id, 'RUNNING');
  else {
    known = await server.createRun(await server.experiment(experiment), {
      name: basename(paths.folder),
      began: points[0]?.time ?? Date.now(),
    });
    const record = { version: FORMAT_VERSION, mlflow: { address, run: known.id } };
    await writeFileAtomic(paths.tracking, `${JSON.stringify(record, null, 1)}\n`);
  }
  const { params } = known;
  // A parameter cannot be changed, and the output folder and the device of a resumed run may be others.
  await server.logParams(
    known.id,
    dottedRows(config).filter(([key]) => !params.has(key)),
  );
  return known;
}

const MOST_BYTES = 10_000;

/** The run on the server that `tracking.json` names, if it is one of this server. */
async function readRunId(paths: RunPaths, address: string): Promise<string | undefined> {
  try {
    const bytes = await readPlainFile(paths.tracking, {
      most: MOST_BYTES,
      what: 'a file of a run',
    });
    const { mlflow } = JSON.parse(bytes.toString('utf8')) as { mlflow?: Record<string, unknown> };
    return mlflow?.address === address && typeof mlflow.run === 'string' ? mlflow.run : undefined;
  } catch {
    return undefined;
  }
}

/** The points that a server does not have yet. A step that is made again comes to the same, so that the first one stays. */
function missingOf(points: readonly Point[], steps: ReadonlyMap<string, number>): Point[] {
  return points.flatMap((point) => {
    const values = Object.entries(point.values).filter(
      ([key]) => point.step > (steps.get(key) ?? -1),
    );
    return values.length === 0 ? [] : [{ ...point, values: Object.fromEntries(values) }];
  });
}

import { basename, resolve } from 'node:path';
import { messageOf, systemCode, VggtuneError } from '../base/errors.ts';
import { readPlainFile } from '../base/plain-file.ts';
import type { ImagePrediction, MetricsRecord, PlanRecord, SplitRecord } from '../run/record.ts';
import { parseConfig, parseRecord } from '../run/run-records.ts';
import { runPaths } from '../run/store.ts';
import { parsePredictions } from './read-predictions.ts';
import { type RunEvents, readEvents } from './run-events.ts';

/** Whatever records a run folder holds. */
export interface ReportedRun {
  readonly name: string;
  readonly folder: string;
  readonly config: ShownConfig | undefined;
  readonly split: SplitRecord | undefined;
  readonly plan: PlanRecord | undefined;
  readonly metrics: MetricsRecord | undefined;
  readonly predictions: readonly ImagePrediction[] | undefined;
  readonly events: RunEvents | undefined;
  /** A sentence on each record that is not there or cannot be read. */
  readonly missing: readonly string[];
}

/** The settings that a report names, and the text of all of them. */
export interface ShownConfig {
  readonly text: string;
  readonly data: string;
  readonly backbone: string;
  readonly head: string;
  readonly background: string;
}

/** A record of a million images has some hundred bytes of each. */
const MOST_BYTES = 2 ** 28;

/**
 * Reads what a run has left, however far it came.
 * Nothing that is missing or damaged ends it.
 */
export async function readReportedRun(folder: string): Promise<ReportedRun> {
  const paths = runPaths(folder);
  const missing: string[] = [];

  async function read<T>(path: string, what: string, parse: (text: string) => T) {
    try {
      const bytes = await readPlainFile(path, { most: MOST_BYTES, what });
      return parse(bytes.toString('utf8'));
    } catch (error) {
      missing.push(sentence(basename(path), what, error));
      return undefined;
    }
  }

  const record = <K extends 'split' | 'plan' | 'metrics'>(kind: K, what: string) =>
    read(paths[kind], what, (text) => parseRecord(text, { kind, path: paths[kind] }));
  return {
    name: basename(resolve(folder)),
    folder: paths.folder,
    config: await read(paths.config, 'its settings', (text) => shownConfig(text, paths.config)),
    split: await record('split', 'its images and their subsets'),
    plan: await record('plan', 'the strategy and the evidence for it'),
    metrics: await record('metrics', 'its metrics'),
    predictions: await read(paths.predictions, 'what it says of each image', (text) =>
      parsePredictions(text, paths.predictions),
    ),
    events: await readEvents(paths.events).catch((error: unknown) => {
      missing.push(sentence('events.ndjson', 'its course', error));
      return undefined;
    }),
    missing,
  };
}

function sentence(file: string, what: string, error: unknown): string {
  const isAbsent = systemCode(error) === 'ENOENT';
  if (isAbsent) return `${file} is not there, so that ${what} cannot be shown.`;
  const reason = error instanceof VggtuneError ? error.message : messageOf(error);
  return `${file} cannot be read, so that ${what} cannot be shown: ${reason}`;
}

function shownConfig(text: string, path: string): ShownConfig {
  const values = parseConfig(text, path);
  const at = (...keys: readonly string[]) => {
    const found = keys.reduce<unknown>(
      (inner, key) => (isGroup(inner) ? inner[key] : undefined),
      values,
    );
    return typeof found === 'string' ? found : '';
  };
  const background = at('image', 'background');
  return {
    text,
    data: at('data'),
    backbone: at('backbone'),
    head: at('head', 'kind'),
    background: /^#[0-9a-f]{6}$/i.test(background) ? background : '#ffffff',
  };
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

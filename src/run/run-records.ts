import { parse, stringify } from 'yaml';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { dataError, messageOf, systemCode, usageError, VggtuneError } from '../base/errors.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { RUN_CONFIG_START } from '../base/run-config-start.ts';
import { LARGEST_YAML, yamlTooLarge } from '../base/yaml-size.ts';
import type { RunConfig } from '../config/schema.ts';
import { RECORD_PROBLEMS } from './check-record.ts';
import { predictionLines } from './predictions-csv.ts';
import {
  FORMAT_VERSION,
  type ImagePrediction,
  type MetricsRecord,
  type PlanRecord,
  type RunRecord,
  type SplitRecord,
} from './record.ts';
import { isRecord } from './refuse-changed.ts';
import { ownFiles, type RunPaths, runPaths } from './store.ts';

const COMMENT = `${RUN_CONFIG_START}; format version ${FORMAT_VERSION}`;

export async function writeConfig(paths: RunPaths, config: RunConfig): Promise<void> {
  await writeFileAtomic(paths.config, `${COMMENT}\n${stringify(config)}`);
}

type Records = { split: SplitRecord; plan: PlanRecord; metrics: MetricsRecord };

export async function writeRecord<K extends keyof Records>(
  paths: RunPaths,
  kind: K,
  record: Records[K],
): Promise<void> {
  await writeFileAtomic(paths[kind], `${JSON.stringify(record, null, 1)}\n`);
}

/** Writes `predictions.csv`, whole or not at all. */
export async function writePredictions(
  paths: RunPaths,
  predictions: readonly ImagePrediction[],
): Promise<void> {
  await writeFileAtomic(paths.predictions, `${predictionLines(predictions).join('\n')}\n`);
}

/**
 * The config as it was written; whoever opens the run checks it by the schema.
 * @throws VggtuneError (usage) when it is not there, (data) when it is no YAML
 */
export async function readConfig(paths: RunPaths): Promise<unknown> {
  return parseConfig(await readText(paths.config, paths.folder), paths.config);
}

/** @throws VggtuneError (data) when the text of a run's `config.yaml` is no YAML, or too large */
export function parseConfig(text: string, path: string): unknown {
  refuseOtherVersion(path, text);
  const large = yamlTooLarge(text);
  if (large !== undefined) {
    throw dataError(`${path} is too large for the settings of a run`, {
      expected: `at most ${LARGEST_YAML} characters, and what \`vggtune train\` wrote`,
      found: large,
      where: path,
      fix: 'start the run again with --overwrite',
    });
  }
  try {
    // The parser's own warnings would go to the terminal, with the file's text as it is.
    return withOldDefaults(parse(text, { logLevel: 'error' }));
  } catch (error) {
    throw dataError(`${path} is no YAML`, { found: messageOf(error), where: path });
  }
}

/**
 * Refuses a config of another version, which the comment of the first line states; a config written by a
 * person has none.
 */
function refuseOtherVersion(path: string, text: string): void {
  const found = /^# .*; format version (\S+)$/m.exec(text.slice(0, 200))?.[1];
  if (found !== undefined && found !== String(FORMAT_VERSION)) throw otherVersion(path, found);
}

/**
 * Adds the old defaults to a config from before output layers were solved: the head is fitted by steps, and
 * there is no refit. What one from before strategies were tried says of a race is left out.
 */
function withOldDefaults(values: unknown): unknown {
  if (!isRecord(values)) return values;
  const now = isRecord(values.advise) ? { ...values, advise: withoutRace(values.advise) } : values;
  if (!isRecord(now.head) || 'fit' in now.head) return now;
  return { refit: 'never', ...now, head: { ...now.head, fit: 'steps' } };
}

function withoutRace({ race: _, raceEpochs: __, ...advise }: Record<string, unknown>) {
  return advise;
}

/** @throws VggtuneError when the file is not there (usage), damaged or of another version (data) */
export async function readRecord<K extends keyof Records>(
  paths: RunPaths,
  kind: K,
): Promise<Records[K]> {
  const text = await readText(paths[kind], paths.folder);
  return parseRecord(text, { kind, path: paths[kind] });
}

/** @throws VggtuneError (data) when the text of a record is damaged, or of another version */
export function parseRecord<K extends keyof Records>(
  text: string,
  { kind, path }: { readonly kind: K; readonly path: string },
): Records[K] {
  let record: Partial<Records[K]>;
  try {
    record = (JSON.parse(text) ?? {}) as Partial<Records[K]>;
  } catch (error) {
    throw dataError(`${path} is damaged`, {
      expected: 'JSON',
      found: messageOf(error),
      where: path,
      fix: 'start the run again with --overwrite',
    });
  }
  if (record.version === FORMAT_VERSION) {
    const problem = RECORD_PROBLEMS[kind](record);
    if (problem === undefined) return record as Records[K];
    throw dataError(`${path} is damaged`, {
      expected: `what \`vggtune train\` writes`,
      found: problem,
      where: path,
      fix: 'start the run again with --overwrite',
    });
  }
  throw otherVersion(path, typeof record.version === 'number' ? String(record.version) : 'unknown');
}

function otherVersion(path: string, found: string): Error {
  return dataError(`${path} is of another version`, {
    expected: `format version ${FORMAT_VERSION}`,
    found: `format version ${found}`,
    where: path,
    fix: 'use the vggtune that wrote it, or start the run again',
  });
}

/** The split of a run; undefined when it was ended before it had one. */
export async function readSplit(paths: RunPaths): Promise<SplitRecord | undefined> {
  const found = await ownFiles(paths.folder);
  const isBegun = found.includes('split.json') || found.includes('plan.json');
  return isBegun ? readRecord(paths, 'split') : undefined;
}

/** The plan of a run; undefined when it was ended before it had one. */
export async function readPlan(paths: RunPaths): Promise<PlanRecord | undefined> {
  const found = await ownFiles(paths.folder);
  return found.includes('plan.json') ? readRecord(paths, 'plan') : undefined;
}

/** The final figures of a run; undefined when it did not come that far. */
export async function readMetrics(paths: RunPaths): Promise<MetricsRecord | undefined> {
  const found = await ownFiles(paths.folder);
  return found.includes('metrics.json') ? readRecord(paths, 'metrics') : undefined;
}

/** All records of a run; metrics only if it came that far. */
export async function readRun(folder: string, config: RunConfig): Promise<RunRecord> {
  const paths = runPaths(folder);
  const split = await readRecord(paths, 'split');
  const plan = await readRecord(paths, 'plan');
  const metrics = await readMetrics(paths);
  return { folder: paths.folder, config, split, plan, metrics };
}

/** A split of a million images has some hundred bytes of each. */
const MOST_BYTES = 2 ** 28;

async function readText(path: string, folder: string): Promise<string> {
  try {
    const bytes = await readPlainFile(path, { most: MOST_BYTES, what: 'a file of a run' });
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof VggtuneError) throw error;
    throw usageError(`${folder} is not the folder of a run`, {
      expected: path,
      found: systemCode(error) === 'ENOENT' ? 'no such file' : messageOf(error),
      where: folder,
      fix: 'name a folder that `vggtune train` has made',
      cause: error,
    });
  }
}

import { open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { dataError, messageOf, systemCode, usageError, VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { makeFolder } from '../base/folders.ts';
import { removeLeftovers } from '../base/leftovers.ts';
import { type LockOptions, takeLock, type Unlock } from '../base/lock.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { LARGEST_YAML, yamlTooLarge } from '../base/yaml-size.ts';
import type { RunConfig } from '../config/schema.ts';
import { RECORD_PROBLEMS } from './check-record.ts';
import {
  FORMAT_VERSION,
  type MetricsRecord,
  type PlanRecord,
  type RunRecord,
  type SplitRecord,
} from './record.ts';
import { isRecord } from './refuse-changed.ts';

/** The files of a run folder. */
export interface RunPaths {
  readonly folder: string;
  readonly config: string;
  readonly split: string;
  readonly plan: string;
  readonly events: string;
  readonly metrics: string;
  readonly last: string;
  readonly best: string;
  readonly model: string;
}

export function runPaths(folder: string): RunPaths {
  const at = (...names: string[]) => join(resolve(folder), ...names);
  return {
    folder: resolve(folder),
    config: at('config.yaml'),
    split: at('split.json'),
    plan: at('plan.json'),
    events: at('events.ndjson'),
    metrics: at('metrics.json'),
    last: at('checkpoints', 'last.safetensors'),
    best: at('checkpoints', 'best.safetensors'),
    model: at('model'),
  };
}

/**
 * What a run leaves in its folder: what `overwrite` removes, and nothing else. The files that tell
 * a run come last, so that one which was removed in part can still be removed.
 */
const OWN = [
  'split.json',
  'plan.json',
  'metrics.json',
  'checkpoints',
  'model',
  'events.ndjson',
  'config.yaml',
];

export interface OpenOptions {
  /** Goes on with the run that is there. */
  readonly resume?: boolean;
  /** Removes the run that is there. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  readonly emit?: Emit;
  /** For tests of runs on other machines. */
  readonly timing?: LockOptions['timing'];
}

export interface OpenRun {
  readonly paths: RunPaths;
  /** Whether there is a run to go on with. */
  readonly resumed: boolean;
  readonly unlock: Unlock;
}

/**
 * Takes a run folder: makes a new one, or opens the one that is there, and locks it.
 * @throws VggtuneError (usage) when there is a run already and neither resume nor overwrite is
 *   asked for, when there is none to resume, or when another process is at work in it
 */
export async function openRun(folder: string, options: OpenOptions = {}): Promise<OpenRun> {
  await refuseFolder(folder, options);
  const paths = runPaths(folder);
  await makeFolder(paths.folder);
  const unlock = await lockRun(paths.folder, options);
  const folders = [paths.folder, dirname(paths.last), paths.model];
  for (const below of folders) await removeLeftovers(below);
  if (options.resume !== true) {
    for (const name of OWN) await rm(join(paths.folder, name), { recursive: true, force: true });
  }
  return { paths, resumed: options.resume === true, unlock };
}

/** Whether a run of another machine is at work or was killed takes a while to find out. */
function lockRun(folder: string, { signal, emit, timing }: OpenOptions): Promise<Unlock> {
  return takeLock(join(folder, 'lock'), {
    busy: `another run is at work in ${folder}`,
    signal,
    onWait: (owner) =>
      emit?.({ type: 'note', message: `looking whether ${owner} is at work in ${folder}` }),
    ...(timing !== undefined && { timing }),
  });
}

/** The check of `openRun` alone, to make it before long work. @throws VggtuneError (usage) */
export async function refuseFolder(folder: string, options: OpenOptions): Promise<void> {
  const found = await ownFiles(resolve(folder));
  const { resume = false, overwrite = false } = options;
  // `model`, `checkpoints` and `config.yaml` are names that others give their folders and files too.
  if (found.length > 0 && !resume && !(await isRun(runPaths(folder)))) throw notARun(folder, found);
  if (resume && !found.includes('config.yaml')) throw nothingToResume(folder);
  if (found.length > 0 && !resume && !overwrite) throw existsAlready(folder, found);
}

async function ownFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => OWN.includes(name));
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return [];
    throw usageError(`${folder} cannot be a run folder`, {
      expected: 'a folder that can be read and written',
      found: code === 'ENOTDIR' ? 'a file' : messageOf(error),
      where: folder,
      fix: 'choose another folder with --out',
      cause: error,
    });
  }
}

/** Was a run started here? Either of the first two files that one writes tells it. */
async function isRun({ config, events }: RunPaths): Promise<boolean> {
  const [settings, log] = await Promise.all([startOf(config), startOf(events)]);
  return (
    settings.startsWith(`# ${RUN_COMMENT_START}`) || /^\{"time":"[^"]*","type":"log"/.test(log)
  );
}

/** The first bytes of a file; none where there is no file, or no plain one. */
async function startOf(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isFile()) return '';
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(200), 0, 200, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}

function notARun(folder: string, found: readonly string[]): Error {
  return usageError(`${folder} holds files that a run would replace, and no run`, {
    expected: 'a new folder, or one that a run has made',
    found: found.join(', '),
    where: folder,
    fix: 'choose another folder with --out',
  });
}

function existsAlready(folder: string, found: readonly string[]): Error {
  return usageError(`there is a run in ${folder} already`, {
    expected: 'a new folder',
    found: found.join(', '),
    where: folder,
    fix: 'go on with --resume, replace it with --overwrite, or choose another folder with --out',
  });
}

function nothingToResume(folder: string): Error {
  return usageError(`there is no run in ${folder} to resume`, {
    expected: 'a folder with a config.yaml that a run has written',
    where: folder,
    fix: 'leave --resume out to start it',
  });
}

const RUN_COMMENT_START = 'Every setting of this run';
const RUN_COMMENT = `${RUN_COMMENT_START}; format version ${FORMAT_VERSION}`;

export async function writeConfig(paths: RunPaths, config: RunConfig): Promise<void> {
  await writeFileAtomic(paths.config, `# ${RUN_COMMENT}\n${stringify(config)}`);
}

type Records = { split: SplitRecord; plan: PlanRecord; metrics: MetricsRecord };

export async function writeRecord<K extends keyof Records>(
  paths: RunPaths,
  kind: K,
  record: Records[K],
): Promise<void> {
  await writeFileAtomic(paths[kind], `${JSON.stringify(record, null, 1)}\n`);
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

/** The comment of the first line says by which version it was written; one that a person wrote has none. */
function refuseOtherVersion(path: string, text: string): void {
  const found = /^# .*; format version (\S+)$/m.exec(text.slice(0, 200))?.[1];
  if (found !== undefined && found !== String(FORMAT_VERSION)) throw otherVersion(path, found);
}

/**
 * A config from before output layers were solved says nothing of how its head is fitted and whether it is fitted
 * again: by steps and once, as was then the only way.
 */
function withOldDefaults(values: unknown): unknown {
  if (!isRecord(values) || !isRecord(values.head) || 'fit' in values.head) return values;
  return { refit: 'never', ...values, head: { ...values.head, fit: 'steps' } };
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

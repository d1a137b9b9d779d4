import { open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf, systemCode, usageError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { makeFolder } from '../base/folders.ts';
import { removeLeftovers } from '../base/leftovers.ts';
import { type LockOptions, takeLock, type Unlock } from '../base/lock.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { RUN_CONFIG_START } from '../base/run-config-start.ts';
import { isComplete } from './log-end.ts';

/** The files of a run folder. */
export interface RunPaths {
  readonly folder: string;
  readonly config: string;
  readonly split: string;
  readonly plan: string;
  readonly events: string;
  readonly metrics: string;
  readonly predictions: string;
  readonly report: string;
  /** Which runs of tracking servers are this one. */
  readonly tracking: string;
  readonly tensorboard: string;
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
    predictions: at('predictions.csv'),
    report: at('report.html'),
    tracking: at('tracking.json'),
    tensorboard: at('tensorboard'),
    last: at('checkpoints', 'last.safetensors'),
    best: at('checkpoints', 'best.safetensors'),
    model: at('model'),
  };
}

/**
 * The files of a run in its folder: `overwrite` removes these, and nothing else. The files that identify a
 * run come last, so that a folder which was removed in part can still be removed.
 */
const OWN = [
  'split.json',
  'plan.json',
  'metrics.json',
  'predictions.csv',
  'report.html',
  'tracking.json',
  'tensorboard',
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
    await removeRun(paths.folder);
  }
  return { paths, resumed: options.resume === true, unlock };
}

/** Removes the files of a run from its folder, and nothing else. */
export async function removeRun(folder: string): Promise<void> {
  for (const name of OWN) await rm(join(folder, name), { recursive: true, force: true });
}

/** Takes a run that is there, to remove it: nobody else may be at work in it. */
export async function takeRun(
  folder: string,
  options: Pick<OpenOptions, 'signal' | 'emit' | 'timing'>,
): Promise<{ readonly remove: () => Promise<void>; readonly unlock: Unlock }> {
  const paths = runPaths(folder);
  const unlock = await lockRun(paths.folder, options);
  return { remove: () => removeRun(paths.folder), unlock };
}

/** The file by which a process holds a run folder. */
export const lockOf = ({ folder }: Pick<RunPaths, 'folder'>) => join(folder, 'lock');

/** Locks a run folder. Finding out whether a run of another machine is alive takes a while. */
function lockRun(folder: string, { signal, emit, timing }: OpenOptions): Promise<Unlock> {
  return takeLock(lockOf({ folder }), {
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
  if (found.length > 0 && !resume && !overwrite) throw await existsAlready(folder, found);
}

/**
 * The run files that a folder holds.
 * @throws VggtuneError (usage) when it cannot be read
 */
export async function ownFiles(folder: string): Promise<string[]> {
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

/** Whether a run was started here, which either of its first two files tells. */
export async function isRun({ config, events }: RunPaths): Promise<boolean> {
  const [settings, log] = await Promise.all([startOf(config), startOf(events)]);
  return settings.startsWith(RUN_CONFIG_START) || /^\{"time":"[^"]*","type":"log"/.test(log);
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
  } catch (error) {
    return unlessMachineFails('')(error);
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

/** The first of `out`, `out-2`, `out-3`, ... that a new run can have. */
export async function freeRunFolder(out: string): Promise<string> {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? out : `${out}-${number}`;
    if (number > 999 || (await isFree(folder))) return folder;
  }
}

/** A folder that cannot be read is not free. */
async function isFree(folder: string): Promise<boolean> {
  return ownFiles(resolve(folder)).then(
    (found) => found.length === 0,
    () => false,
  );
}

async function existsAlready(folder: string, found: readonly string[]): Promise<Error> {
  const isOver = await isComplete(runPaths(folder).events);
  const replace = 'replace it with --overwrite, or choose another folder';
  return usageError(`there is a run in ${folder} already`, {
    expected: 'a new folder',
    found: isOver ? 'a run that is finished' : found.join(', '),
    where: folder,
    fix: isOver
      ? `${replace}: --out ${await freeRunFolder(folder)}`
      : `go on with --resume, ${replace} with --out`,
  });
}

function nothingToResume(folder: string): Error {
  return usageError(`there is no run in ${folder} to resume`, {
    expected: 'a folder with a config.yaml that a run has written',
    where: folder,
    fix: 'leave --resume out to start it',
  });
}

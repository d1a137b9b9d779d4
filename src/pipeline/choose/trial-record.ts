import { access, constants, mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { checkForm } from '../../base/check-form.ts';
import { canonicalJson, sha256 } from '../../base/hash.ts';
import type { Storage } from '../../base/storage.ts';
import type { RunConfig } from '../../config/schema.ts';
import type { DatasetIndex, Split } from '../../dataset/types.ts';
import { ownFiles } from '../../run/store.ts';
import type { Trial } from '../run/try-strategy.ts';

/** A trial that has ended. */
export interface EndedTrial extends Trial {
  readonly seconds: number;
}

const VERSION = 1;
const form = z.strictObject({
  version: z.literal(VERSION),
  right: z.record(z.string(), z.boolean()),
  epochs: z.int().min(0),
  seconds: z.number().min(0),
});

/** Where the trials of a choice are kept, a folder each. */
export type TrialsPlace = { readonly root: string } & (
  | { readonly isKept: false }
  /** They stay for the run that follows and for the next choice; `lock`: the lock file of who tries on these images. */
  | { readonly isKept: true; readonly lock: string }
);

/** The place of trials in the cache folder, or one of its own where that cannot be written. */
export async function openTrialsPlace(
  { folder }: Storage,
  { images }: DatasetIndex,
): Promise<TrialsPlace> {
  const root = join(folder, 'trials');
  try {
    await mkdir(root, { recursive: true });
    await access(root, constants.W_OK);
  } catch {
    return ownPlace();
  }
  const name = sha256(canonicalJson(images.map(({ hash, label }) => [hash, label]))).slice(0, 32);
  return { root, isKept: true, lock: join(root, `${name}.lock`) };
}

/** A place that is only for this choice. */
export async function ownPlace(): Promise<TrialsPlace> {
  return { root: await mkdtemp(join(tmpdir(), 'vggtune-trials-')), isKept: false };
}

/** Settings that change nothing of what a trial comes to. */
type Free = 'out' | 'export' | 'engine' | 'device' | 'checkpointEvery' | 'advise';

/** The folder of a trial, named by all that its outcome depends on. */
export function trialFolder(
  { root }: TrialsPlace,
  of: {
    readonly config: Omit<RunConfig, Free>;
    readonly index: DatasetIndex;
    readonly split: Split;
    readonly startHash: string;
  },
): string {
  const { config, index, split, startHash } = of;
  const { out, export: _, engine, device, checkpointEvery, advise, ...own } = config as RunConfig;
  const side = (name: 'train' | 'val') =>
    split[name].map(({ path, hash, label }) => [path, hash, label]);
  const facts = { own, classes: index.classes, train: side('train'), val: side('val'), startHash };
  return join(root, sha256(canonicalJson(facts)).slice(0, 32));
}

const recordOf = (folder: string) => join(folder, 'outcome.json');

/** What came of a trial; undefined where it has not ended, or what is there cannot be read. */
export async function readTrial(folder: string): Promise<EndedTrial | undefined> {
  try {
    const { data } = checkForm(form, JSON.parse(await readFile(recordOf(folder), 'utf8')));
    return data === undefined ? undefined : { ...data, right: new Map(Object.entries(data.right)) };
  } catch {
    // What was found once can be found again.
    return undefined;
  }
}

/** Keeps what came of a trial. @throws VggtuneError (data) where nothing can be written */
export async function writeTrial(folder: string, trial: EndedTrial): Promise<void> {
  const { right, epochs, seconds } = trial;
  const record = { version: VERSION, right: Object.fromEntries(right), epochs, seconds };
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(recordOf(folder), `${JSON.stringify(record)}\n`);
}

/** Whether a trial was begun and can be taken up: its run is there. */
export async function isBegun(folder: string): Promise<boolean> {
  return (await ownFiles(folder)).includes('config.yaml');
}

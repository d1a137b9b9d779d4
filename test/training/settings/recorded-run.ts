import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRng } from '../../../src/base/rng.ts';
import { type RunConfig, runConfigSchema, type StrategyName } from '../../../src/config/schema.ts';
import { scanDataset } from '../../../src/dataset/scan.ts';
import type { DatasetIndex, Split } from '../../../src/dataset/types.ts';
import { trainRun } from '../../../src/pipeline/run/train-run.ts';
import { writeRecord } from '../../../src/run/run-records.ts';
import { openRun } from '../../../src/run/store.ts';
import { temporaryFolder } from '../../pipeline/pictures.ts';
import { testConfig } from '../config.ts';
import {
  type LogitsAfter,
  type RecordedTraining,
  type Recording,
  recordingEngine,
} from './recording-engine.ts';

/** Images to train on of each class: rare ones are there to be weighted. */
export const CLASS_SIZES = [6, 3, 3] as const;

export interface Pictures {
  readonly index: DatasetIndex;
  readonly split: Split;
}

/** Half transparent noise; one image of each class is for validation. */
export async function madePictures(folder: string): Promise<Pictures> {
  for (const [label, size] of CLASS_SIZES.entries()) {
    for (let i = 0; i <= size; i++) {
      const rng = createRng('settings', label, i);
      const pixels = Uint8Array.from({ length: 32 * 32 * 4 }, (_, at) =>
        at % 4 === 3 ? (Math.floor(at / 4) % 32 < 16 ? 0 : 255) : rng.integer(256),
      );
      const path = join(folder, `class${label}`, `${i}.png`);
      await mkdir(join(folder, `class${label}`), { recursive: true });
      await sharp(pixels, { raw: { width: 32, height: 32, channels: 4 } })
        .png()
        .toFile(path);
    }
  }
  const index = await scanDataset(folder);
  const val = index.images.filter(({ path }) => path.endsWith('/0.png'));
  const train = index.images.filter((image) => !val.includes(image));
  return { index, split: { train, val, test: [] } };
}

/** A change of the settings: the value of each key. */
export type Changes = Readonly<Record<string, unknown>>;

export interface RunSetting {
  readonly pictures: Pictures;
  readonly strategy: StrategyName;
  readonly changes: Changes;
  readonly logits: LogitsAfter;
}

/** What came of a run: what the engine was asked for, and what it was about. */
export interface RecordedRun {
  readonly config: RunConfig;
  readonly recording: Recording;
  readonly pictures: Pictures;
}

/** The phase that was trained last: `main`, where there is no refit. */
export function mainOf({ recording }: RecordedRun): RecordedTraining {
  const main = recording.trainings.at(-1);
  if (main === undefined) throw new Error('nothing was trained');
  return main;
}

/** Trains with an engine that records. */
export async function recordedRun(setting: RunSetting): Promise<RecordedRun> {
  const { pictures, strategy, logits } = setting;
  const { index, split } = pictures;
  const home = await temporaryFolder();
  const config = configWith({ ...BASE, out: join(home, 'run'), ...setting.changes });
  const { paths, unlock } = await openRun(config.out, { resume: false });
  const engine = recordingEngine(logits);
  const { signal } = new AbortController();
  const quiet = { storage: { folder: join(home, 'cache') }, signal, emit: () => {}, offline: true };
  try {
    await writeRecord(paths, 'split', { version: 1, classes: index.classes, ...split });
    await trainRun({ config, strategy, index, split, engine, evidence: [], ...quiet }, paths);
  } finally {
    await unlock();
    await rm(home, { recursive: true, force: true });
  }
  return { config, recording: engine.recording, pictures };
}

/** Three steps an epoch; nothing is kept between runs. */
const BASE: Changes = {
  batchSize: 4,
  'image.size': 32,
  weights: 'random',
  cache: false,
  export: ['safetensors'],
};

function configWith(changes: Changes): RunConfig {
  const config: Record<string, unknown> = structuredClone({ ...testConfig() });
  for (const [path, value] of Object.entries(changes)) put(config, path.split('.'), value);
  return runConfigSchema.parse(config);
}

function put(target: Record<string, unknown>, [key = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) target[key] = value;
  else {
    const inner = { ...(target[key] as Record<string, unknown> | null) };
    put(inner, rest, value);
    target[key] = inner;
  }
}

import { dataError, systemCode, VggtuneError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import type { NamedTensors, Tensor } from '../../base/tensor.ts';
import type { Engine } from '../../engines/engine.ts';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors.ts';
import type { RunPaths } from '../../run/store.ts';
import type { Checkpoint, CheckpointStore, Progress } from '../../training/checkpoint.ts';
import { checkpointHash, parseProgress } from './checkpoint-form.ts';

/** The format version. Version 1 had no hash; it is read without the check. */
const VERSION = 2;
const READABLE = ['1', String(VERSION)];

/** Optimizer slots stand beside the weights under this prefix. */
const SLOT = 'slot:';

/** Checkpoints of a run folder, as safetensors with where the run stands in their metadata. */
export function fileCheckpoints(
  paths: RunPaths,
  { engine, emit }: { readonly engine: Engine; readonly emit: Emit },
): CheckpointStore {
  const save = async (path: string, tensors: NamedTensors, progress: Progress, step: number) => {
    const metadata = {
      format: 'vggtune-checkpoint',
      version: String(VERSION),
      progress: JSON.stringify(progress),
      step: String(step),
      engine: engineName(engine),
    };
    const sha256 = checkpointHash(tensors, metadata);
    await writeSafetensors(path, tensors, { ...metadata, sha256 }).catch((error: unknown) => {
      throw saveFailure(error);
    });
    emit({ type: 'checkpoint', path, step });
  };
  return {
    async saveLast({ progress, state }) {
      const slots = [...state.slots].map(([name, slot]): [string, Tensor] => [SLOT + name, slot]);
      const tensors = new Map([...state.weights, ...slots]);
      await save(paths.last, tensors, progress, state.step);
    },
    async saveBest(weights, progress) {
      await save(paths.best, weights, progress, progress.epoch);
    },
    async loadBest() {
      return (await readWhole(paths.best)).tensors;
    },
  };
}

const engineName = ({ name, device }: Engine) => `${name} on ${device}`;

/** Emits a note when a run is resumed on another engine or device. */
export function noteOtherEngine(checkpoint: Checkpoint, engine: Engine, emit: Emit): void {
  const { madeBy } = checkpoint;
  const now = engineName(engine);
  if (madeBy === undefined || madeBy === now) return;
  const message = `the run was left on ${madeBy} and goes on with ${now}: it ends the same within rounding, not bit for bit`;
  emit({ type: 'note', message });
}

/** A failed save ends the run, but costs no more than what came after the save before it. */
function saveFailure(error: unknown): unknown {
  if (!(error instanceof VggtuneError)) return error;
  const { fix } = error.details;
  const resume = '--resume goes on from what was saved before';
  return new VggtuneError(error.kind, error.message, {
    ...error.details,
    fix: fix === undefined ? resume : `${fix}; then ${resume}`,
  });
}

/**
 * The last checkpoint of a run; undefined when it was ended before it had one.
 * @throws VggtuneError (data) when it is damaged or of another version
 */
export async function readLastCheckpoint(paths: RunPaths): Promise<Checkpoint | undefined> {
  const path = paths.last;
  const file = await readWhole(path).catch((error: unknown) => {
    const cause = error instanceof Error ? error.cause : undefined;
    if (systemCode(error) === 'ENOENT' || systemCode(cause) === 'ENOENT') return undefined;
    throw error;
  });
  return file === undefined ? undefined : checkpointOf(file, path);
}

type TensorsOfFile = Awaited<ReturnType<typeof readSafetensors>>;

/** @throws VggtuneError (data) for a file of tensors that is no checkpoint, or of another version */
export function checkpointOf(file: TensorsOfFile, path: string): Checkpoint {
  refuseVersion(file, path);
  const { tensors, metadata } = file;
  const progress = parseProgress(metadata.progress ?? '');
  if ('problem' in progress) throw damaged(path, progress.problem);
  const step = Number(metadata.step ?? Number.NaN);
  if (!Number.isSafeInteger(step) || step < 0) throw damaged(path, `step ${metadata.step}`);
  const isSlot = (name: string) => name.startsWith(SLOT);
  const weights = [...tensors].filter(([name]) => !isSlot(name));
  const slots = [...tensors].filter(([name]) => isSlot(name));
  return {
    path,
    progress,
    ...(metadata.engine !== undefined && { madeBy: metadata.engine }),
    state: {
      step,
      weights: new Map(weights),
      slots: new Map(slots.map(([name, slot]) => [name.slice(SLOT.length), slot])),
    },
  };
}

/** A checkpoint whose hash is that of what it holds. @throws VggtuneError (data) otherwise */
async function readWhole(path: string): Promise<TensorsOfFile> {
  const file = await readSafetensors(path).catch((error: unknown) => {
    const isDamage = error instanceof VggtuneError && systemCode(error.cause) === undefined;
    throw isDamage ? damaged(path, error.details.found ?? error.message, error) : error;
  });
  refuseVersion(file, path);
  const { version, sha256 } = file.metadata;
  const hash = checkpointHash(file.tensors, file.metadata);
  if (version === '1' || sha256 === hash) return file;
  throw damaged(path, `content with the hash ${hash}, and not ${sha256 ?? 'one that is named'}`);
}

function refuseVersion({ metadata: { version } }: TensorsOfFile, path: string): void {
  if (version !== undefined && READABLE.includes(version)) return;
  throw dataError(`${path} is no checkpoint that can be resumed`, {
    expected: `a checkpoint of format version ${READABLE.join(' or ')}`,
    found: `version ${version ?? 'unknown'}`,
    where: path,
    fix: 'go on with the vggtune that wrote it, or start the run again with --overwrite',
  });
}

function damaged(path: string, found: string, cause?: unknown): Error {
  return dataError(`the checkpoint ${path} is damaged`, {
    expected: 'what vggtune has written, unchanged',
    found,
    where: path,
    fix: 'put back a copy of it if there is one, or start the run again with --overwrite',
    ...(cause !== undefined && { cause }),
  });
}

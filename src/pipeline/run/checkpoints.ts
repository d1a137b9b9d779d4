import { dataError, systemCode, VggtuneError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import type { NamedTensors, Tensor } from '../../base/tensor.ts';
import type { Engine } from '../../engines/engine.ts';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors.ts';
import { FORMAT_VERSION } from '../../run/record.ts';
import type { RunPaths } from '../../run/store.ts';
import type { Checkpoint, CheckpointStore, Progress } from '../../training/checkpoint.ts';
import { isCount, progressOf } from './check-progress.ts';

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
      version: String(FORMAT_VERSION),
      progress: JSON.stringify(progress),
      step: String(step),
      engine: engineName(engine),
    };
    await writeSafetensors(path, tensors, metadata).catch((error: unknown) => {
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
      return (await readSafetensors(paths.best)).tensors;
    },
  };
}

const engineName = ({ name, device }: Engine) => `${name} on ${device}`;

/** Says so when a run goes on somewhere else than it was left. */
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
  const file = await readSafetensors(paths.last).catch((error: unknown) => {
    const cause = error instanceof Error ? error.cause : undefined;
    if (systemCode(error) === 'ENOENT' || systemCode(cause) === 'ENOENT') return undefined;
    throw error;
  });
  return file === undefined ? undefined : checkpointOf(file, paths.last);
}

/** @throws VggtuneError (data) for a file of tensors that is no checkpoint, or of another version */
export function checkpointOf(
  { tensors, metadata }: Awaited<ReturnType<typeof readSafetensors>>,
  path: string,
): Checkpoint {
  if (metadata.version !== String(FORMAT_VERSION) || metadata.progress === undefined) {
    throw dataError(`${path} is no checkpoint that can be resumed`, {
      expected: `a checkpoint of format version ${FORMAT_VERSION}`,
      found: `version ${metadata.version ?? 'unknown'}`,
      where: path,
      fix: 'start the run again with --overwrite',
    });
  }
  const progress = progressOf(metadata.progress);
  const step = Number(metadata.step);
  if (progress === undefined || !isCount(step)) {
    throw dataError(`${path} is no checkpoint that can be resumed`, {
      expected: 'where the run stands, as `vggtune train` writes it',
      found: `step ${metadata.step?.slice(0, 20) ?? 'unknown'}, progress ${metadata.progress.slice(0, 200)}`,
      where: `${path}, metadata`,
      fix: 'start the run again with --overwrite',
    });
  }
  const isSlot = (name: string) => name.startsWith(SLOT);
  const weights = [...tensors].filter(([name]) => !isSlot(name));
  const slots = [...tensors].filter(([name]) => isSlot(name));
  return {
    progress,
    ...(metadata.engine !== undefined && { madeBy: metadata.engine }),
    state: {
      step,
      weights: new Map(weights),
      slots: new Map(slots.map(([name, slot]) => [name.slice(SLOT.length), slot])),
    },
  };
}

import type { NamedTensors } from '../base/tensor.ts';
import type { TrainingState } from '../engines/engine.ts';

/** Sums over the steps of an epoch so far. */
export interface EpochSums {
  readonly loss: number;
  readonly correct: number;
  readonly images: number;
}

/** Validation metrics of an epoch; only the training loss where nothing is held out. */
export type EpochFigures = Readonly<Record<string, number>>;

/**
 * The position of a run between two steps, as plain JSON; together with the engine's state it is the whole
 * run.
 */
export interface Progress {
  /** Index of the phase. */
  readonly phase: number;
  /** Epochs of the phase that are over. */
  readonly epoch: number;
  /** Batches of the present epoch that are over. */
  readonly batch: number;
  readonly sums: EpochSums;
  /** Figures of the phase's epochs that are over. */
  readonly history: readonly EpochFigures[];
  /** Figures before the first step, where that state is a candidate for the best. */
  readonly before?: EpochFigures;
  /** The loss of each validation image before the first step. */
  readonly startLosses?: readonly number[];
  /** For each epoch in the history, whether it is better than the start by more than chance. */
  readonly clear?: readonly boolean[];
  /** Whether the phase ended early because its loss grew. */
  readonly stopped?: boolean;
  /** The result of the judged phase, for the phases that follow it. */
  readonly judged?: Judged;
}

/** The phase by which the best epoch was chosen. */
export interface Judged {
  readonly history: readonly EpochFigures[];
  readonly before?: EpochFigures;
  /** Index into `history`; -1: the state before the first step was the best. */
  readonly best: number;
}

export interface Checkpoint {
  readonly progress: Progress;
  readonly state: TrainingState;
  /** The engine and device that computed it, as `onnx on cpu`; it can be resumed on any other. */
  readonly madeBy?: string;
  /** The file that it comes from, for errors. */
  readonly path?: string;
}

/** The store of checkpoints. Each is complete or absent; a failed save keeps the previous one. */
export interface CheckpointStore {
  saveLast(checkpoint: Checkpoint): Promise<void>;
  /** The trained tensors of the best epoch so far. */
  saveBest(weights: NamedTensors, progress: Progress): Promise<void>;
  loadBest(): Promise<NamedTensors>;
}

export const START: Progress = {
  phase: 0,
  epoch: 0,
  batch: 0,
  sums: { loss: 0, correct: 0, images: 0 },
  history: [],
};

/** Whether every number of every tensor is finite. */
export function allFinite(tensors: NamedTensors): boolean {
  for (const { data } of tensors.values()) {
    // One sum over the whole is ten times as fast as a test of each number. Infinities of both
    // signs give NaN; only a sum of finite numbers beyond 1e308 could mislead, and float32 has none.
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i] as number;
    if (!Number.isFinite(sum)) return false;
  }
  return true;
}

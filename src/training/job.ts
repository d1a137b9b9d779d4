import type { Emit } from '../base/events.ts';
import type { NamedTensors } from '../base/tensor.ts';
import type { RunConfig } from '../config/schema.ts';
import type { Engine, TrainingProgram } from '../engines/engine.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Checkpoint, CheckpointStore, Progress } from './checkpoint.ts';
import type { RowSource } from './sample-source.ts';
import type { TrainPhase, TrainPlan } from './train-plan.ts';

/** The samples of a phase. */
export interface PhaseSources {
  readonly train: RowSource;
  /** Absent when nothing is held out for validation. */
  readonly validation?: RowSource;
  release(): Promise<void>;
}

export interface TrainingJob {
  readonly engine: Engine;
  readonly network: NetworkSpec;
  readonly plan: TrainPlan;
  readonly config: RunConfig;
  /** Every tensor of the network, to start from. */
  readonly weights: NamedTensors;
  /** The start weights of a refit, where they differ: an output layer that was solved on all images. */
  readonly refitWeights?: NamedTensors;
  /** Called when a phase begins, with the boundary in `phase.from`. */
  readonly sources: (phase: TrainPhase) => Promise<PhaseSources>;
  readonly checkpoints: CheckpointStore;
  /** Whether training ends before a refit, where it can be resumed from the last checkpoint. */
  readonly judgedOnly?: boolean;
  /** The checkpoint to resume from; the result is then bit for bit that of the uninterrupted run. */
  readonly resume?: Checkpoint;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** One phase of a job, with its program compiled and its samples open. */
export interface PhaseRun {
  readonly job: TrainingJob;
  readonly phase: TrainPhase;
  readonly program: TrainingProgram;
  readonly sources: PhaseSources;
  readonly start: Progress;
  /** The number of epochs after which the phase ends; its schedule is that of all epochs. */
  readonly lastEpoch: number;
  release(): Promise<void>;
}

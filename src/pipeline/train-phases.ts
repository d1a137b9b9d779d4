import type { NamedTensors } from '../base/tensor.ts';
import { HEAD_NORM } from '../network/head.ts';
import { rescaled } from '../network/rescale.ts';
import type { Checkpoint, CheckpointStore } from '../training/checkpoint.ts';
import type { PhaseSources } from '../training/job.ts';
import { overlay, runTraining } from '../training/loop.ts';
import { type TrainPhase, type TrainPlan, withHeadPenalty } from '../training/plan.ts';
import { scaledRows } from '../training/rows.ts';
import { createPhaseSources, type SourceSetting } from './phase-sources.ts';
import type { SolvedHead } from './solve-head.ts';
import type { TrainingStart } from './training-start.ts';

/** A run that is ready to train. */
export interface PreparedRun {
  readonly setting: SourceSetting;
  readonly plan: TrainPlan;
  readonly start: TrainingStart;
}

export interface TrainedWeights {
  /** What the run gives. */
  readonly weights: NamedTensors;
  /** What the validation images are a measure of: nothing of it was fitted to them. */
  readonly judgedWeights: NamedTensors;
}

/** Runs the phases of a plan, if it has any, in the units of training; what comes out is in its own again. */
export async function trainPhases(
  prepared: PreparedRun,
  kept: { readonly checkpoints: CheckpointStore; readonly resume: Checkpoint | undefined },
): Promise<TrainedWeights> {
  const { setting, plan, start } = prepared;
  if (plan.phases.length === 0) {
    const weights = inOwnUnits(start.refitWeights ?? start.weights, prepared);
    return { weights, judgedWeights: inOwnUnits(start.weights, prepared) };
  }
  const { engine, network, config, signal, emit } = setting;
  const { head, refitHead } = start;
  const { weights, judgedWeights } = await runTraining({
    engine,
    network,
    plan: head === undefined ? plan : withHeadPenalty(plan, penaltiesOf(head, refitHead)),
    config,
    weights: start.weights,
    ...(start.refitWeights !== undefined && { refitWeights: start.refitWeights }),
    signal,
    emit,
    sources: inTrainingUnits(createPhaseSources(setting), start.scale),
    checkpoints: kept.checkpoints,
    ...(kept.resume !== undefined && { resume: kept.resume }),
  });
  return {
    weights: inOwnUnits(weights, prepared),
    judgedWeights: inOwnUnits(judgedWeights, prepared),
  };
}

const penaltiesOf = (head: SolvedHead, refit: SolvedHead | undefined) => ({
  first: head.absolutePenalty,
  refit: (refit ?? head).absolutePenalty,
});

/** The sources of a phase in the units of training: pixels as they are, activations divided by the scale. */
function inTrainingUnits(
  sources: (phase: TrainPhase) => Promise<PhaseSources>,
  scale: number,
): (phase: TrainPhase) => Promise<PhaseSources> {
  if (scale === 1) return sources;
  return async (phase) => {
    const found = await sources(phase);
    if (phase.from === 0) return found;
    const { train, validation, release } = found;
    return {
      train: scaledRows(train, 1 / scale),
      ...(validation !== undefined && { validation: scaledRows(validation, 1 / scale) }),
      release,
    };
  };
}

/**
 * Trained weights in the units that they came in. What was never trained is given back as it was, bit for bit.
 */
function inOwnUnits(trained: NamedTensors, { setting, start, plan }: PreparedRun): NamedTensors {
  const { network, weights } = setting;
  const own = start.scale === 1 ? trained : rescaled(network, trained, 1 / start.scale);
  const frozen = network.layers.slice(0, plan.from).map(({ name }) => name);
  const untouched = [...weights].filter(
    ([name]) =>
      frozen.includes(name.slice(0, name.lastIndexOf('.'))) && !name.startsWith(HEAD_NORM),
  );
  return overlay(own, new Map(untouched));
}

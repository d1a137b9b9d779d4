import type { NamedTensors } from '../../base/tensor.ts';
import { HEAD_NORM } from '../../network/head.ts';
import { rescaled } from '../../network/rescale.ts';
import type { Checkpoint } from '../../training/checkpoint.ts';
import type { PhaseSources, TrainingJob } from '../../training/job.ts';
import { overlay } from '../../training/loop.ts';
import { openPhaseSamples } from '../../training/phase-samples.ts';
import { scaledRows } from '../../training/sample-source.ts';
import { type TrainPhase, withHeadPenalty } from '../../training/train-plan.ts';
import { createSampleReader } from '../prepare/samples.ts';
import type { PreparedRun } from './begin-run.ts';
import type { SolvedHead } from './solve-head.ts';
import type { TrainingStart } from './training-start.ts';

export interface TrainedWeights {
  /** The final weights of the run. */
  readonly weights: NamedTensors;
  /**
   * The weights that the validation metrics describe: nothing of them was fitted to the validation images.
   */
  readonly judgedWeights: NamedTensors;
}

/** The result of a run without steps. */
export function solvedWeights({ weights, refitWeights }: TrainingStart): TrainedWeights {
  return { weights: refitWeights ?? weights, judgedWeights: weights };
}

/** The job of the training loop, in the units of training. */
export function trainingJob(
  { setting, plan, start }: PreparedRun,
  kept: Pick<TrainingJob, 'checkpoints' | 'judgedOnly'> & {
    readonly resume: Checkpoint | undefined;
  },
): TrainingJob {
  const { engine, network, config, split, signal, emit } = setting;
  const { head, refitHead, scale } = start;
  const reader = createSampleReader(setting);
  return {
    engine,
    network,
    plan: head === undefined ? plan : withHeadPenalty(plan, penaltiesOf(head, refitHead)),
    config,
    weights: start.weights,
    ...(start.refitWeights !== undefined && { refitWeights: start.refitWeights }),
    signal,
    emit,
    sources: async (phase) => {
      const samples = await openPhaseSamples(phase, { reader, config, split });
      return inTrainingUnits(samples, { phase, scale });
    },
    checkpoints: kept.checkpoints,
    ...(kept.judgedOnly !== undefined && { judgedOnly: kept.judgedOnly }),
    ...(kept.resume !== undefined && { resume: kept.resume }),
  };
}

const penaltiesOf = (head: SolvedHead, refit: SolvedHead | undefined) => ({
  first: head.absolutePenalty,
  refit: (refit ?? head).absolutePenalty,
});

/** The samples of a phase in the units of training: pixels as they are, activations divided by the scale. */
function inTrainingUnits(
  samples: PhaseSources,
  { phase, scale }: { readonly phase: TrainPhase; readonly scale: number },
): PhaseSources {
  if (scale === 1 || phase.from === 0) return samples;
  const { train, validation, release } = samples;
  return {
    train: scaledRows(train, 1 / scale),
    ...(validation !== undefined && { validation: scaledRows(validation, 1 / scale) }),
    release,
  };
}

/**
 * Converts trained weights back to their original units. Weights that were never trained are returned bit for
 * bit.
 */
export function inOwnUnits(
  trained: NamedTensors,
  { setting, start, plan }: PreparedRun,
): NamedTensors {
  const { network, weights } = setting;
  const own = start.scale === 1 ? trained : rescaled(network, trained, 1 / start.scale);
  const frozen = network.layers.slice(0, plan.from).map(({ name }) => name);
  const untouched = [...weights].filter(
    ([name]) =>
      frozen.includes(name.slice(0, name.lastIndexOf('.'))) && !name.startsWith(HEAD_NORM),
  );
  return overlay(own, new Map(untouched));
}

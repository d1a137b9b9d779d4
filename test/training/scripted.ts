import type { RunEvent } from '../../src/base/events.ts';
import { type NamedTensors, tensor } from '../../src/base/tensor.ts';
import type { RunConfig } from '../../src/config/schema.ts';
import type {
  Engine,
  TrainingBatch,
  TrainingProgram,
  TrainingRequest,
  TrainingState,
} from '../../src/engines/engine.ts';
import type { Checkpoint, CheckpointStore, Progress } from '../../src/training/checkpoint.ts';
import type { TrainingJob } from '../../src/training/job.ts';
import type { TrainPhase, TrainPlan } from '../../src/training/train-plan.ts';
import { testConfig } from './config.ts';
import { rowSource, tinyNetwork } from './fixtures.ts';

/** Steps are counted over all phases. */
export interface Script {
  /** Of the training rows of a step, from 1. */
  readonly loss?: (step: number) => number;
  /** How sure the network is of the right class of image `image` after so many steps; 0: it guesses. */
  readonly sure?: (steps: number, image: number) => number;
  readonly slots?: (steps: number) => NamedTensors;
  readonly weight?: (steps: number) => number;
  /** Called before whatever is computed. */
  readonly onStep?: (step: number) => void;
  readonly onPredict?: (steps: number) => void;
  readonly config?: Partial<RunConfig>;
  readonly plan?: Partial<TrainPlan>;
  readonly phases?: readonly Partial<TrainPhase>[];
  /** Images to train on, four a batch, and for validation. */
  readonly images?: number;
  readonly held?: number;
  readonly job?: Partial<TrainingJob>;
}

export interface Saved {
  readonly weight: number;
  readonly progress: Progress;
}

/** What was done by a job, in order. */
export interface Seen {
  readonly calls: string[];
  readonly events: RunEvent[];
  readonly requests: TrainingRequest[];
  readonly batches: TrainingBatch[];
  readonly rates: (readonly number[])[];
  readonly lasts: Checkpoint[];
  readonly bests: Saved[];
  /** The weight that was there whenever images were measured. */
  readonly measured: number[];
}

const CLASSES = 3;
export const weightOf = (weights: NamedTensors) => weights.get('fc8.weight')?.data[0] ?? Number.NaN;
export const weightsOf = (value: number): NamedTensors =>
  new Map([['fc8.weight', tensor([1], Float32Array.of(value))]]);

const PHASE: TrainPhase = {
  name: 'main',
  refit: false,
  from: 1,
  epochs: 3,
  groups: [
    { name: 'head', parameters: ['fc8.weight'], weightDecay: 0, learningRate: 0.5 },
    { name: 'rest', parameters: [], weightDecay: 0, learningRate: 0.25 },
  ],
  schedule: testConfig().schedule,
};

/**
 * A job whose engine computes nothing: its one weight counts the steps, and a test writes the losses and what
 * the network says of the validation images.
 */
export function scriptedJob(script: Script): { readonly job: TrainingJob; readonly seen: Seen } {
  const seen: Seen = {
    ...{ calls: [], events: [], requests: [], batches: [], rates: [] },
    ...{ lasts: [], bests: [], measured: [] },
  };
  const phases = (script.phases ?? [{}]).map((phase) => ({ ...PHASE, ...phase }));
  const sides = [script.images ?? 8, script.held ?? 4];
  const [train, validation] = sides.map((count) =>
    rowSource(
      Array.from({ length: count }, (_, at) => at % CLASSES),
      Array.from({ length: count }, (_, at) => Float32Array.of(at)),
    ),
  );
  if (train === undefined) throw new Error('no source');
  const job: TrainingJob = {
    engine: scriptedEngine(script, seen),
    network: tinyNetwork(false),
    plan: {
      ...{ strategy: 'head', from: 1, phases, startIsCandidate: false },
      optimizer: { kind: 'sgd', momentum: 0, nesterov: false },
      ...script.plan,
    },
    config: testConfig({ batchSize: 4, ...script.config }),
    weights: weightsOf(0),
    sources: async (phase) => {
      seen.calls.push(`sources ${phase.name}`);
      return {
        train,
        ...(script.held !== 0 && !phase.refit && validation !== undefined && { validation }),
        release: async () => void seen.calls.push('release sources'),
      };
    },
    checkpoints: recordedCheckpoints(seen),
    signal: new AbortController().signal,
    emit: (event) => seen.events.push(event),
    ...script.job,
  };
  return { job, seen };
}

function recordedCheckpoints({ lasts, bests }: Seen): CheckpointStore {
  return {
    async saveLast(checkpoint) {
      lasts.push(structuredClone(checkpoint));
    },
    async saveBest(weights, progress) {
      bests.push(structuredClone({ weight: weightOf(weights), progress }));
    },
    loadBest: async () => weightsOf(bests.at(-1)?.weight ?? Number.NaN),
  };
}

function scriptedEngine(script: Script, seen: Seen): Engine {
  let steps = 0;
  return {
    name: 'scripted',
    device: 'none',
    compileForward: () => Promise.reject(new Error('there is nothing to run')),
    compileLinear: () => Promise.reject(new Error('there is nothing to solve')),
    async compileTraining(request) {
      seen.requests.push(request);
      seen.calls.push('compile');
      let weights: NamedTensors = weightsOf(weightOf(request.weights));
      let slots: NamedTensors = script.slots?.(0) ?? new Map();
      const program: TrainingProgram = {
        async step(batch, rates) {
          steps++;
          script.onStep?.(steps);
          seen.batches.push(structuredClone(batch));
          seen.rates.push([...rates]);
          weights = weightsOf(script.weight?.(steps) ?? weightOf(weights) + 1);
          slots = script.slots?.(steps) ?? slots;
          const logits = new Float32Array(batch.count * CLASSES);
          return { loss: script.loss?.(steps) ?? 1, logits };
        },
        async predict(rows, count) {
          script.onPredict?.(steps);
          seen.measured.push(weightOf(weights));
          const logits = new Float32Array(count * CLASSES);
          for (let row = 0; row < count; row++) {
            const image = rows[row] ?? 0;
            logits[row * CLASSES + (image % CLASSES)] = script.sure?.(steps, image) ?? 0;
          }
          return logits;
        },
        state: async () => ({ step: steps, weights, slots }),
        load(state: TrainingState) {
          weights = state.weights;
          slots = state.slots;
        },
        release: async () => void seen.calls.push('release program'),
      };
      return program;
    },
  };
}

/** The events of one kind. */
export function eventsOf<K extends RunEvent['type']>(
  { events }: Seen,
  type: K,
): Extract<RunEvent, { type: K }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: K }> => event.type === type);
}

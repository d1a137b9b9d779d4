import { type NamedTensors, sizeOf } from '../../../src/base/tensor.ts';
import type {
  Activations,
  Engine,
  ForwardProgram,
  ForwardRequest,
  LinearProgram,
  LinearRequest,
  Pixels,
  TrainingBatch,
  TrainingProgram,
  TrainingRequest,
} from '../../../src/engines/engine.ts';
import { outputShape, rowShape } from '../../../src/engines/rows.ts';

/** What a training program was asked for, and everything that it was given. */
export interface RecordedTraining {
  readonly request: TrainingRequest;
  readonly steps: { readonly batch: TrainingBatch; readonly rates: readonly number[] }[];
  /** How often its state was read: a checkpoint needs it. */
  states: number;
  /** How often it was given another state. */
  loads: number;
}

export interface RecordedForward {
  readonly request: ForwardRequest;
  /** The sum of the numbers of each row that it ran on, each once; a row that only fills up has none. */
  readonly rowSums: Set<number>;
}

export interface Recording {
  readonly trainings: RecordedTraining[];
  readonly forwards: RecordedForward[];
  readonly linears: { readonly request: LinearRequest; readonly weights: Float32Array[] }[];
}

/** The logits of every row after so many steps: a test writes the course of the validation by them. */
export type LogitsAfter = (steps: number) => readonly number[];

/**
 * An engine that computes nothing and remembers what it was asked for. Its features differ from image to
 * image, so that statistics of them exist; its weights never change.
 */
export function recordingEngine(logitsAfter: LogitsAfter): Engine & { recording: Recording } {
  const recording: Recording = { trainings: [], forwards: [], linears: [] };
  return {
    name: 'recording',
    device: 'none',
    recording,
    async compileForward(request) {
      const record = { request, rowSums: new Set<number>() };
      recording.forwards.push(record);
      return forwardProgram(record);
    },
    async compileTraining(request) {
      const record: RecordedTraining = { request, steps: [], states: 0, loads: 0 };
      recording.trainings.push(record);
      return trainingProgram(record, logitsAfter);
    },
    async compileLinear(request) {
      const weights: Float32Array[] = [];
      recording.linears.push({ request, weights });
      return linearProgram(request, weights);
    },
  };
}

const release = async () => {};

function forwardProgram({ request, rowSums }: RecordedForward): ForwardProgram {
  const { network, to, carry } = request;
  const shapeAt = carry === true ? rowShape : outputShape;
  const made = (at: number, rows: Pixels | Activations, images: number) => {
    const length = sizeOf(shapeAt(network, at));
    const each = rows.length / images;
    const out = new Float32Array(images * length);
    for (let image = 0; image < images; image++) {
      const seed = sumOf(rows.subarray(image * each, (image + 1) * each));
      if (seed !== 0) rowSums.add(seed);
      for (let i = 0; i < length; i++) out[image * length + i] = Math.sin(seed + i);
    }
    return out;
  };
  return {
    outputShape: shapeAt(network, to),
    run: async (rows, images) => made(to, rows, images),
    runTaps: async (rows, images) => (request.taps ?? []).map((tap) => made(tap, rows, images)),
    release,
  };
}

function sumOf(row: Pixels | Activations): number {
  let sum = 0;
  for (const value of row) sum += value;
  return sum;
}

function trainingProgram(record: RecordedTraining, logitsAfter: LogitsAfter): TrainingProgram {
  const { request, steps } = record;
  const logits = (count: number) =>
    Float32Array.from(Array.from({ length: count }, () => logitsAfter(steps.length)).flat());
  return {
    async step(batch, rates) {
      const given = logits(batch.count);
      steps.push({ batch: copyOf(batch), rates: [...rates] });
      return { loss: 1, logits: given };
    },
    predict: async (_, count) => logits(count),
    async state() {
      record.states++;
      return { step: steps.length, weights: suffixOf(request), slots: new Map() };
    },
    load() {
      record.loads++;
    },
    release,
  };
}

/** The loop uses its arrays again for the next batch. */
const copyOf = ({ rows, count, targets, weights, dropout }: TrainingBatch): TrainingBatch => ({
  rows: rows.slice(),
  count,
  targets: targets.slice(),
  weights: weights.slice(),
  dropout: new Map([...dropout].map(([name, mask]) => [name, mask.slice()])),
});

function suffixOf({ network, from, weights }: TrainingRequest): NamedTensors {
  const names = network.layers.slice(from).map(({ name }) => name);
  return new Map([...weights].filter(([name]) => names.includes(name.replace(/\.[^.]*$/, ''))));
}

/** The loss is flat, so the penalty alone says where the optimum is. */
function linearProgram(
  { labels, inputs, classes }: LinearRequest,
  weights: Float32Array[],
): LinearProgram {
  return {
    async evaluate(_, sampleWeights) {
      weights.push(sampleWeights.slice());
      return {
        logProbabilities: new Float32Array(labels.length * classes).fill(-Math.log(classes)),
        gradient: new Float32Array(classes * (inputs + 1)),
      };
    },
    release,
  };
}

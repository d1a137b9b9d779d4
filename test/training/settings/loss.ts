import type { TrainingBatch } from '../../../src/engines/engine.ts';
import { mixUp } from '../../../src/training/targets.ts';
import { classesByStep, digest, requestOf, rounded, type SettingCheck } from './check.ts';
import { CLASS_SIZES, mainOf, type RecordedRun } from './recorded-run.ts';

/** Images over the number of classes times the images of the class: 12 in all. */
const BALANCED = CLASS_SIZES.map((size) => 12 / (3 * size));

function firstBatch(run: RecordedRun): TrainingBatch {
  const [first] = mainOf(run).steps;
  if (first === undefined) throw new Error('no step was made');
  return first.batch;
}

/** The weights of a batch's rows, step by step. */
const rowWeights = (run: RecordedRun) =>
  mainOf(run).steps.map(({ batch }) => rounded(batch.weights));

/** What an image of the rare classes weighs in the solver, beside one of the first. */
const sampleWeights = ({ recording }: RecordedRun) => {
  const [first] = recording.linears;
  const weights = [...(first?.weights[0] ?? [])];
  // Images that are held out by a fold weigh nothing.
  const of = (label: number) =>
    Math.max(...weights.filter((_, at) => first?.request.labels[at] === label));
  return rounded([of(1) / of(0), of(2) / of(0)]);
};

const SOLVED = { weights: 'auto', 'head.fit': 'solve', 'head.penalty': 0.01 };

export const LOSS_CHECKS: readonly SettingCheck[] = [
  {
    path: 'labelSmoothing',
    value: 0.15,
    what: 'the loss of the request',
    seen: (run) => requestOf(run).loss.labelSmoothing,
    expected: () => 0.15,
  },
  {
    path: 'classWeights',
    value: 'balanced',
    what: 'the loss of the request',
    seen: (run) => rounded(requestOf(run).loss.classWeights ?? []),
    expected: () => rounded(BALANCED),
  },
  {
    path: 'classWeights',
    value: 'balanced',
    what: 'the weights of the rows, whose sum with those of their classes is one',
    seen: rowWeights,
    expected: (run) =>
      classesByStep(run).map((classes) => {
        const total = classes.reduce((sum, label) => sum + (BALANCED[label] ?? 0), 0);
        return rounded(Float32Array.from(classes, () => 1 / total));
      }),
  },
  {
    path: 'classWeights',
    value: 'balanced',
    what: 'the weights of the samples of a solved output layer',
    strategy: 'top',
    given: SOLVED,
    seen: sampleWeights,
    expected: () => [2, 2],
  },
  {
    path: 'clipNorm',
    value: 2.5,
    what: 'the request',
    seen: (run) => requestOf(run).clipNorm,
    expected: () => 2.5,
  },
  {
    path: 'microBatch',
    value: 2,
    what: 'the request',
    seen: (run) => requestOf(run).microBatch,
    expected: () => 2,
  },
  {
    path: 'batchSize',
    value: 6,
    what: 'the request, the rows of each step, and their weights',
    seen: (run) => ({
      request: requestOf(run).batchSize,
      counts: mainOf(run).steps.map(({ batch }) => batch.count),
      weights: rowWeights(run)[0],
    }),
    expected: () => ({ request: 6, counts: [6, 6, 6, 6], weights: rounded(Array(6).fill(1 / 6)) }),
  },
  {
    path: 'mixup',
    value: 0.5,
    what: 'the rows and the targets of a step',
    seen: (run) => [digest(firstBatch(run).rows), firstBatch(run).targets],
    expected: (_, base) => {
      const { rows, count, targets } = firstBatch(base);
      const positions = Array.from({ length: count }, (__, at) => at);
      // The seed, the phase, the epoch, and the batch.
      const mixed = mixUp({ rows, positions }, targets, { alpha: 0.5, keys: [0, 0, 0, 0] });
      return [digest(mixed.rows), mixed.targets];
    },
  },
];

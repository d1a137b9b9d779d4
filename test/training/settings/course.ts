import { createRng } from '../../../src/base/rng.ts';
import { createDropoutMasks } from '../../../src/training/dropout-masks.ts';
import { randomWeights } from '../../../src/weights/initialise.ts';
import { classesByStep, improving, requestOf, type SettingCheck } from './check.ts';
import { type Changes, mainOf, type RecordedRun } from './recorded-run.ts';

const stepsOfPhases = ({ recording }: RecordedRun) =>
  recording.trainings.map(({ steps }) => steps.length);

/** Epochs of three steps each. */
const epochsOf = (run: RecordedRun) => mainOf(run).steps.length / 3;

/** A run that may take five epochs, and stops after one without progress. */
const STOPPING: Changes = {
  epochs: 5,
  earlyStop: { metric: 'loss', patience: 1, minDelta: 0 },
};

const stopping = (
  check: Pick<SettingCheck, 'path' | 'value' | 'logits'>,
  epochs: number,
): SettingCheck => ({
  ...check,
  what: 'the epochs',
  given: STOPPING,
  seen: epochsOf,
  expected: () => epochs,
});

export const COURSE_CHECKS: readonly SettingCheck[] = [
  {
    path: 'epochs',
    value: 4,
    what: 'the steps',
    seen: stepsOfPhases,
    expected: () => [12],
  },
  {
    path: 'warmupEpochs',
    value: 3,
    what: 'a program of its own, before that of the main phase',
    strategy: 'all',
    seen: stepsOfPhases,
    expected: () => [9, 6],
  },
  {
    path: 'freeze',
    value: 'pool4',
    what: 'the boundary of the request',
    seen: (run) => requestOf(run).network.layers[requestOf(run).from - 1]?.name,
    expected: () => 'pool4',
  },
  stopping({ path: 'earlyStop', value: null }, 5),
  stopping({ path: 'earlyStop.patience', value: 3 }, 4),
  stopping({ path: 'earlyStop.metric', value: 'accuracy', logits: improving }, 2),
  stopping({ path: 'earlyStop.minDelta', value: 10, logits: improving }, 2),
  {
    path: 'refit',
    value: 'always',
    what: 'a second program, with the validation images, of as many epochs as were best',
    seen: ({ recording }) =>
      recording.trainings.map(({ steps }) => steps.map(({ batch }) => batch.count)),
    expected: () => [
      [4, 4, 4, 4, 4, 4],
      [4, 4, 4, 3],
    ],
  },
  {
    path: 'checkpointEvery',
    value: '0s',
    what: 'how often the state is read: between the steps of an epoch too',
    given: { checkpointEvery: 'never' },
    seen: (run) => mainOf(run).states,
    expected: (_, base) => mainOf(base).states + 4,
  },
  {
    path: 'seed',
    value: 7,
    what: 'the order of the images',
    seen: classesByStep,
    expected: ({ pictures }) => {
      const labels = pictures.split.train.map(({ label }) => label);
      return [0, 1].flatMap((epoch) => {
        const order = createRng('shuffle', 7, 0, epoch).shuffle(labels);
        return [order.slice(0, 4), order.slice(4, 8), order.slice(8)];
      });
    },
  },
  {
    path: 'seed',
    value: 7,
    what: 'the masks of dropout',
    seen: (run) => mainOf(run).steps[0]?.batch.dropout,
    expected: (run) => {
      const { network, from, batchSize } = requestOf(run);
      return createDropoutMasks(network, from, batchSize)(4, [7, 0, 0, 0]);
    },
  },
  {
    path: 'seed',
    value: 7,
    what: 'the random weights to start from',
    seen: (run) => requestOf(run).weights.get('conv1_1.weight'),
    expected: (run) => randomWeights(requestOf(run).network, 7).get('conv1_1.weight'),
  },
];

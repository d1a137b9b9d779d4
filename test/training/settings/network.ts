import { join } from 'node:path';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { KERAS_PREPROCESSING } from '../../../src/network/preprocessing.ts';
import { requestOf, rounded, type SettingCheck } from './check.ts';
import { mainOf, type RecordedRun } from './recorded-run.ts';

const layerNames = (run: RecordedRun) => requestOf(run).network.layers.map(({ name }) => name);

/** The values of the masks of the first step, each once. */
const maskValues = (run: RecordedRun) => {
  const masks = [...(mainOf(run).steps[0]?.batch.dropout.values() ?? [])];
  return [...new Set(masks.flatMap((mask) => [...mask]))].sort();
};

const penaltyOf = (run: RecordedRun) =>
  requestOf(run).groups.find(({ parameters }) => parameters.includes('fc8.weight'))?.weightDecay ??
  Number.NaN;

const SOLVED = { weights: 'auto', 'head.fit': 'solve' };
const PUBLISHED = join(import.meta.dirname, '../../../presets/backbones/vgg-nano.safetensors');

export const NETWORK_CHECKS: readonly SettingCheck[] = [
  {
    path: 'backbone',
    value: 'vgg11',
    what: 'the network of the request',
    given: { epochs: 1 },
    seen: (run) => requestOf(run).network.backbone,
    expected: () => 'vgg11',
  },
  {
    path: 'weights',
    value: 'auto',
    what: 'the weights of the request',
    seen: (run) => requestOf(run).weights.get('conv1_1.weight'),
    expected: async () => (await readSafetensors(PUBLISHED)).tensors.get('conv1_1.weight'),
  },
  {
    path: 'weightsPreprocessing',
    value: 'keras',
    what: 'how the network takes its pixels',
    seen: (run) => {
      const { channels, mean, std } = requestOf(run).network.preprocessing;
      return { channels, mean, std };
    },
    expected: () => {
      const { channels, mean, std } = KERAS_PREPROCESSING;
      return { channels, mean, std };
    },
  },
  {
    path: 'head.kind',
    value: 'mlp',
    what: 'the layers of the network',
    seen: (run) => layerNames(run).slice(requestOf(run).network.headStart),
    expected: () => ['gap', 'fc7', 'relu7', 'dropout7', 'fc8'],
  },
  {
    path: 'head.hidden',
    value: 24,
    what: 'the width of the hidden layer',
    given: { 'head.kind': 'mlp' },
    seen: (run) => requestOf(run).weights.get('fc7.weight')?.shape[0],
    expected: () => 24,
  },
  {
    path: 'head.dropout',
    value: 0.5,
    what: 'the masks of a step',
    seen: maskValues,
    expected: () => [0, 2],
  },
  {
    path: 'head.fit',
    value: 'solve',
    what: 'a linear program over the training images',
    strategy: 'top',
    given: { weights: 'auto' },
    seen: ({ recording }) => recording.linears.length > 0,
    expected: () => true,
  },
  {
    path: 'head.penalty',
    value: 0.1,
    what: 'the decay of the output layer, after it was solved',
    strategy: 'top',
    given: { ...SOLVED, 'head.penalty': 0.01 },
    seen: (run) => rounded([penaltyOf(run)]),
    expected: (_, base) => rounded([10 * penaltyOf(base)]),
  },
];

import { factors, requestOf, rounded, type SettingCheck } from './check.ts';
import { mainOf, type RecordedRun } from './recorded-run.ts';

const optimizerOf = (run: RecordedRun) => requestOf(run).optimizer;

/** A field of the optimizer that the engine is asked for. */
function field(name: string, value: unknown, kind: 'sgd' | 'adam'): SettingCheck {
  return {
    path: `optimizer.${name}`,
    value,
    what: 'the optimizer of the request',
    given: { 'optimizer.kind': kind },
    seen: optimizerOf,
    expected: (_, base) => ({ ...optimizerOf(base), [name]: value }),
  };
}

/** The rate of each block in the first step. */
const ratesByBlock = (run: RecordedRun) =>
  Object.fromEntries(
    requestOf(run).groups.map(({ name }, at) => [name, mainOf(run).steps[0]?.rates[at]]),
  );

const decays = (run: RecordedRun) =>
  Object.fromEntries(
    requestOf(run).groups.flatMap(({ parameters, weightDecay }) =>
      parameters.map((name) => [name, weightDecay]),
    ),
  );

/** Two epochs of three steps. */
const STEPS = [0, 1, 2, 3, 4, 5];
const cosine = (floor: number) =>
  rounded(STEPS.map((step) => floor + ((1 - floor) / 2) * (1 + Math.cos((Math.PI * step) / 6))));

function schedule(
  name: string,
  value: unknown,
  options: { readonly given?: SettingCheck['given']; readonly rates: readonly number[] },
): SettingCheck {
  return {
    path: `schedule.${name}`,
    value,
    what: 'the learning rate of each step',
    ...(options.given !== undefined && { given: options.given }),
    seen: factors,
    expected: () => options.rates,
  };
}

export const OPTIMIZER_CHECKS: readonly SettingCheck[] = [
  {
    path: 'optimizer.kind',
    value: 'adamw',
    what: 'the optimizer of the request',
    seen: optimizerOf,
    expected: () => ({ kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  },
  field('momentum', 0.7, 'sgd'),
  field('nesterov', true, 'sgd'),
  field('average', 0.9, 'adam'),
  field('beta1', 0.8, 'adam'),
  field('beta2', 0.99, 'adam'),
  field('epsilon', 1e-6, 'adam'),
  {
    path: 'optimizer.learningRate',
    value: 0.03,
    what: 'the rates of every step',
    seen: (run) => mainOf(run).steps.map(({ rates }) => [Math.min(...rates), Math.max(...rates)]),
    expected: () => STEPS.map(() => [0.03, 0.03]),
  },
  {
    path: 'optimizer.learningRate',
    value: 0.03,
    what: 'the rates of the warm-up',
    strategy: 'all',
    given: { warmupEpochs: 1, 'optimizer.learningRate': 0.02 },
    seen: ({ recording }) => recording.trainings[0]?.steps[0]?.rates,
    expected: () => [0.03, 0.03],
  },
  {
    path: 'optimizer.weightDecay',
    value: 0.02,
    what: 'the decay of each parameter: of kernels alone',
    seen: decays,
    expected: (run) =>
      Object.fromEntries(
        Object.keys(decays(run)).map((name) => [
          name,
          /^(conv|fc)\S+\.weight$/.test(name) ? 0.02 : 0,
        ]),
      ),
  },
  {
    path: 'optimizer.layerDecay',
    value: 0.5,
    what: 'the rate of each block',
    seen: ratesByBlock,
    expected: (run) =>
      Object.fromEntries(
        requestOf(run).groups.map(({ name }) => {
          const depth = name.startsWith('head') ? 0 : 6 - Number(name.replace(/\D/g, ''));
          return [name, 0.1 * 0.5 ** depth];
        }),
      ),
  },
  schedule('kind', 'cosine', { rates: cosine(0) }),
  schedule('floor', 0.2, { given: { 'schedule.kind': 'cosine' }, rates: cosine(0.2) }),
  schedule('warmup', 1, { rates: rounded([1 / 3, 2 / 3, 1, 1, 1, 1]) }),
  schedule('every', 1, { given: { 'schedule.kind': 'step' }, rates: [1, 1, 1, 0.1, 0.1, 0.1] }),
  schedule('factor', 0.5, {
    given: { 'schedule.kind': 'step', 'schedule.every': 1 },
    rates: [1, 1, 1, 0.5, 0.5, 0.5],
  }),
  schedule('patience', 1, {
    // One step an epoch, and a validation loss that stays: two epochs in a row without progress are too many.
    given: { 'schedule.kind': 'plateau', 'schedule.factor': 0.5, epochs: 6, batchSize: 12 },
    rates: [1, 1, 1, 0.5, 0.5, 0.25],
  }),
];

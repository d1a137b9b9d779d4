import { describe, expect, it } from 'vitest';
import { buildFromRow, buildNetwork } from '../../src/network/build.ts';
import type { BackboneName, HeadName } from '../../src/network/catalog.ts';
import { isStatistic, parameterShapes } from '../../src/network/parameters.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import {
  featureBoundary,
  frozenAndTrained,
  type PlanRequest,
  phaseLabel,
  planTraining,
  withHeadPenalty,
} from '../../src/training/train-plan.ts';
import { testConfig } from './config.ts';

function network(backbone: BackboneName, head: HeadName) {
  return buildNetwork({
    backbone,
    head: { kind: head, dropout: 0.5, hidden: 32 },
    classes: 3,
    preprocessing: plainPreprocessing(backbone === 'vgg-nano' ? 64 : 224),
  });
}

function request(changes: Partial<PlanRequest> = {}): PlanRequest {
  return {
    strategy: 'head',
    config: testConfig(),
    network: network('vgg16', 'linear'),
    newLayers: new Set(['fc8']),
    ...changes,
  };
}

/** The name of the first layer above the boundary of each phase. */
function boundaries(changes: Partial<PlanRequest>): (string | undefined)[] {
  const whole = request(changes);
  const { layers } = whole.network;
  return planTraining(whole).phases.map((phase) => layers[phase.from]?.name);
}

describe('boundaries', () => {
  it('head: trains the output layer alone on pooled features, with the dropout below it', () => {
    expect(boundaries({})).toEqual(['dropout7']);
    const { network: net } = request();
    const phase = planTraining(request()).phases[0];
    expect(net.shapes[(phase?.from ?? 0) - 1]).toEqual([512]);
  });

  it('head: trains all new layers of mlp, and of vgg only those that are new', () => {
    const mlp = { network: network('vgg16', 'mlp'), newLayers: new Set(['fc7', 'fc8']) };
    expect(boundaries(mlp)).toEqual(['fc7']);
    const vgg = { network: network('vgg16', 'vgg') };
    expect(boundaries(vgg)).toEqual(['dropout7']);
    expect(boundaries({ ...vgg, newLayers: new Set(['fc6', 'fc7', 'fc8']) })).toEqual(['fc6']);
  });

  it('head: trains the output layer alone behind the fitted batch norm of levels', () => {
    const net = network('vgg16', 'levels');
    const newLayers = new Set(['fc8_norm', 'fc8']);
    const { phases } = planTraining(request({ network: net, newLayers }));
    const from = phases[0]?.from ?? 0;
    expect(net.layers[from]?.name).toBe('fc8_norm');
    expect(net.shapes[from - 1]).toEqual([256 + 512 + 512, 1, 1]);
    const parameters = phases.flatMap(({ groups }) => groups.flatMap((group) => group.parameters));
    expect(parameters).toEqual(['fc8.weight', 'fc8.bias']);
  });

  it('top: trains the last block of a network whose head reads a pool that is frozen', () => {
    const net = network('vgg16', 'levels');
    expect(boundaries({ strategy: 'top', network: net })).toEqual(['conv5_1']);
  });

  it('a solved output layer is all that head trains, and takes the place of a warm-up', () => {
    const head = { ...testConfig().head, fit: 'solve' } as const;
    const config = testConfig({ head, warmupEpochs: 3 });
    const newLayers = new Set(['fc8']);
    const alone = planTraining(request({ config, newLayers }));
    expect(alone.phases).toEqual([]);
    expect(network('vgg16', 'linear').layers[(alone.solvedFrom ?? 0) - 1]?.name).toBe('gap');
    const top = planTraining(request({ strategy: 'top', config, newLayers }));
    expect(top.phases.map(({ name }) => name)).toEqual(['main']);
    expect(top.startIsCandidate).toBe(true);
  });

  it('hidden layers that are new take steps, whatever is asked for', () => {
    const head = { ...testConfig().head, kind: 'mlp', fit: 'solve' } as const;
    const config = testConfig({ head, warmupEpochs: 3 });
    const net = network('vgg16', 'mlp');
    const plan = planTraining(
      request({ strategy: 'top', network: net, config, newLayers: new Set(['fc7', 'fc8']) }),
    );
    expect(plan.solvedFrom).toBeUndefined();
    expect(plan.phases.map(({ name }) => name)).toEqual(['warm-up', 'main']);
  });

  it('a refit repeats every phase', () => {
    const config = testConfig({ warmupEpochs: 3 });
    const { phases } = planTraining(request({ strategy: 'top', config, refit: true }));
    expect(phases.map(({ name, refit }) => [name, refit])).toEqual([
      ['warm-up', false],
      ['main', false],
      ['warm-up', true],
      ['main', true],
    ]);
  });

  it('head: trains the output layer even when a file gave it weights', () => {
    expect(boundaries({ newLayers: new Set() })).toEqual(['dropout7']);
  });

  it('top: trains from the last block on', () => {
    expect(boundaries({ strategy: 'top' })).toEqual(['conv5_1']);
    expect(boundaries({ strategy: 'top', network: network('vgg-nano', 'linear') })).toEqual([
      'conv5_1',
    ]);
  });

  it('all: warms the head up, then trains everything; scratch does not warm up', () => {
    const config = testConfig({ warmupEpochs: 2, epochs: 5 });
    expect(boundaries({ strategy: 'all', config })).toEqual(['dropout7', 'conv1_1']);
    const epochs = planTraining(request({ strategy: 'all', config })).phases.map((p) => p.epochs);
    expect(epochs).toEqual([2, 5]);
    expect(boundaries({ strategy: 'scratch', config })).toEqual(['conv1_1']);
  });

  it('freeze overrides the strategy', () => {
    const config = testConfig({ freeze: 'conv4_3' });
    for (const strategy of ['head', 'top', 'all', 'scratch'] as const) {
      expect(boundaries({ strategy, config }), strategy).toEqual(['conv5_1']);
    }
    expect(() => planTraining(request({ config: testConfig({ freeze: 'conv9_9' }) }))).toThrow(
      /no layer "conv9_9"/,
    );
  });
});

describe('parameter groups', () => {
  it('hold every parameter of the trained layers once, and no statistic', () => {
    const net = network('vgg16_bn', 'mlp');
    const plan = planTraining(request({ strategy: 'all', network: net }));
    const grouped = plan.phases[0]?.groups.flatMap((group) => group.parameters) ?? [];
    const all = [...parameterShapes(net).keys()].filter((name) => !isStatistic(name));
    expect([...grouped].sort()).toEqual(all.sort());
  });

  it('decay the rate by depth, and spare biases and batch norm from weight decay', () => {
    const { optimizer } = testConfig();
    const config = testConfig({
      optimizer: { ...optimizer, learningRate: 0.1, layerDecay: 0.5, weightDecay: 0.01 },
    });
    const plan = planTraining(
      request({ strategy: 'all', config, network: network('vgg16_bn', 'linear') }),
    );
    const groups = plan.phases[0]?.groups ?? [];
    const rates = Object.fromEntries(groups.map((group) => [group.name, group.learningRate]));
    expect(rates).toMatchObject({ head: 0.1, block5: 0.05, block4: 0.025 });
    expect(rates.block1).toBeCloseTo(0.1 / 32, 12);
    for (const group of groups) {
      const decays = group.parameters.every((name) => /^(conv|fc)\S+\.weight$/.test(name));
      expect(group.weightDecay, group.name).toBe(decays ? 0.01 : 0);
    }
  });

  it('warm the head up at a rate made for a new head', () => {
    const { optimizer } = testConfig();
    const config = testConfig({
      warmupEpochs: 1,
      optimizer: { ...optimizer, kind: 'adamw', learningRate: 1e-5 },
    });
    const [warm, main] = planTraining(request({ strategy: 'all', config })).phases;
    expect(warm?.groups[0]?.learningRate).toBe(1e-3);
    expect(main?.groups.at(-1)?.learningRate).toBe(1e-5);
  });
});

it('names the frozen and the trained layers', () => {
  const whole = request({ strategy: 'top', network: network('vgg11', 'linear') });
  expect(frozenAndTrained(planTraining(whole), whole.network)).toEqual({
    frozen: ['conv1_1', 'conv2_1', 'conv3_1', 'conv3_2', 'conv4_1', 'conv4_2'],
    trained: ['conv5_1', 'conv5_2', 'fc8'],
  });
});

describe('what a plan says', () => {
  const solve = { ...testConfig().head, fit: 'solve' } as const;
  const plan = (changes: Partial<PlanRequest> = {}) => planTraining(request(changes));

  it.each([
    ['nothing is warmed up', {}, false],
    ['the head is warmed up', { strategy: 'top', config: testConfig({ warmupEpochs: 1 }) }, true],
    ['the output layer is solved', { strategy: 'top', config: testConfig({ head: solve }) }, true],
    ['weights are random', { strategy: 'scratch', config: testConfig({ warmupEpochs: 1 }) }, false],
  ] as const)('of the start, where %s', (_, changes, expected) => {
    expect(plan(changes).startIsCandidate).toBe(expected);
  });

  it('of random weights: nothing is solved on them', () => {
    const config = testConfig({ head: solve });
    expect(plan({ strategy: 'scratch', config })).not.toHaveProperty('solvedFrom');
    expect(plan({ config })).toMatchObject({ strategy: 'head', solvedFrom: expect.any(Number) });
    expect(plan()).not.toHaveProperty('solvedFrom');
  });

  it('of a frozen output layer that is solved: nothing takes a step, also in a refit', () => {
    expect(plan({ config: testConfig({ head: solve }), refit: true }).phases).toEqual([]);
  });

  it('of a head that is new above layers that are new: only the head is new', () => {
    const newLayers = new Set(['conv1_1', 'conv5_3', 'fc8']);
    expect(boundaries({ newLayers })).toEqual(['dropout7']);
    const config = testConfig({ head: solve });
    expect(plan({ config, newLayers })).toHaveProperty('solvedFrom');
  });

  it('of the schedule: a warm-up has a constant rate, for its own epochs', () => {
    const schedule = { ...testConfig().schedule, kind: 'cosine' as const, warmup: 2 };
    const config = testConfig({ warmupEpochs: 3, epochs: 7, schedule });
    const [warm, main] = plan({ strategy: 'all', config }).phases;
    expect(warm).toMatchObject({ epochs: 3, schedule: { kind: 'constant', warmup: 0 } });
    expect(main).toMatchObject({ epochs: 7, schedule: { kind: 'cosine', warmup: 2 } });
  });

  it.each([
    ['sgd', 0.001, 0.01],
    ['sgd', 0.5, 0.5],
    ['adam', 1e-5, 0.001],
  ] as const)('of the rate of a warm-up by %s at %d: %d', (kind, learningRate, rate) => {
    const optimizer = { ...testConfig().optimizer, kind, learningRate };
    const config = testConfig({ warmupEpochs: 1, optimizer });
    const [warm] = plan({ strategy: 'all', config }).phases;
    expect(warm?.groups.map((group) => group.learningRate)).toEqual(
      new Array(warm?.groups.length).fill(rate),
    );
  });

  it('of the optimizer: what belongs to its kind, and no more', () => {
    const { optimizer } = testConfig();
    const { momentum, nesterov, beta1, beta2, epsilon } = optimizer;
    const of = (changes: Partial<typeof optimizer>) =>
      plan({ config: testConfig({ optimizer: { ...optimizer, average: 0, ...changes } }) })
        .optimizer;
    expect(of({})).toEqual({ kind: 'sgd', momentum, nesterov });
    expect(of({ kind: 'adamw' })).toEqual({ kind: 'adamw', beta1, beta2, epsilon });
    expect(of({ average: 0.9 })).toMatchObject({ average: 0.9 });
  });

  it('of groups: one of each block and one of what is not decayed', () => {
    const [main] = plan({ strategy: 'top' }).phases;
    expect(main?.groups.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['block5', ['conv5_1.weight', 'conv5_2.weight', 'conv5_3.weight']],
      ['block5.undecayed', ['conv5_1.bias', 'conv5_2.bias', 'conv5_3.bias']],
      ['head', ['fc8.weight']],
      ['head.undecayed', ['fc8.bias']],
    ]);
  });

  it('of the penalty of a solved output layer: of its weights, in each phase', () => {
    const optimizer = { ...testConfig().optimizer, weightDecay: 0.5 };
    const whole = plan({ strategy: 'top', config: testConfig({ optimizer }), refit: true });
    const { phases, ...rest } = withHeadPenalty(whole, { first: 0.1, refit: 0.2 });
    const decays = phases.map(({ groups }) => groups.map(({ weightDecay }) => weightDecay));
    expect(decays).toEqual([
      [0.5, 0, 0.1, 0],
      [0.5, 0, 0.2, 0],
    ]);
    expect({ ...rest, phases: whole.phases }).toEqual(whole);
    expect(phases[0]?.groups[2]).toMatchObject({ name: 'head', parameters: ['fc8.weight'] });
  });

  it('of a phase: its name', () => {
    const names = (['main', 'warm-up'] as const).flatMap((name) =>
      [false, true].map((refit) => phaseLabel({ name, refit })),
    );
    expect(names).toEqual(['main', 'refit', 'warm-up', 'refit warm-up']);
  });
});

it('the features of an output layer are below its norm and its dropout', () => {
  const layerAt = (net: ReturnType<typeof network>) => net.layers[featureBoundary(net)]?.name;
  expect(layerAt(network('vgg16', 'levels'))).toBe('fc8_norm');
  expect(layerAt(network('vgg16', 'linear'))).toBe('dropout7');
});

it('a freeze goes down to the dropout below its boundary', () => {
  const net = network('vgg16', 'vgg');
  expect(boundaries({ network: net, config: testConfig({ freeze: 'fc6' }) })).toEqual(['dropout6']);
});

it('a network of one block is trained from its first layer on', () => {
  const row = {
    ...{ name: 'one', convolutions: [1], widths: [4], batchNorm: false },
    ...{ size: 8, headMap: 2, denseWidth: undefined },
  };
  const head = { kind: 'linear', dropout: 0, hidden: 8 } as const;
  const net = buildFromRow(row, { head, classes: 3, preprocessing: plainPreprocessing(8) });
  expect(boundaries({ strategy: 'top', network: net })).toEqual(['conv1_1']);
});

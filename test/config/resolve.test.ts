import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/issues.ts';
import { declaredStrategy, resolveConfig } from '../../src/config/resolve.ts';
import { STRATEGIES, type StrategyName } from '../../src/config/schema.ts';
import type { ConfigSource } from '../../src/config/setting-sources.ts';

const source = (values: Record<string, unknown>, origin = 'test'): ConfigSource => ({
  origin,
  values,
});

function issuesOf(values: Record<string, unknown>, strategy: StrategyName = 'head') {
  try {
    resolveConfig([source({ data: 'images', ...values })], strategy);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}

describe('resolveConfig', () => {
  it('takes the strategy’s values over the defaults, and later sources over earlier ones', () => {
    const config = resolveConfig(
      [
        source({ data: 'photos', epochs: 5, optimizer: { kind: 'sgd' } }),
        source({ epochs: 6, optimizer: { momentum: 0.5 } }),
      ],
      'head',
    );
    expect(config.epochs).toBe(6);
    expect(config.optimizer).toMatchObject({ kind: 'sgd', momentum: 0.5, learningRate: 1e-3 });
    expect(config.optimizer.beta2).toBe(0.999);
    expect(config.strategy).toBe('head');
    expect(config.out).toBe('runs/photos-head');
  });

  it('replaces a group by null, and null by a group', () => {
    const off = resolveConfig([source({ data: 'd', earlyStop: null })], 'head');
    expect(off.earlyStop).toBeNull();
    const on = resolveConfig(
      [source({ data: 'd', earlyStop: null }), source({ earlyStop: { patience: 2 } })],
      'head',
    );
    expect(on.earlyStop).toEqual({ metric: 'loss', patience: 2, minDelta: 0 });
    const crop = resolveConfig([source({ data: 'd', augment: { crop: null } })], 'all');
    expect(crop.augment.crop).toBeNull();
  });

  it('replaces lists whole', () => {
    const config = resolveConfig([source({ data: 'd', export: ['onnx'] })], 'all');
    expect(config.export).toEqual(['onnx']);
  });

  it('shortens the strategy’s own warm-up to half of few epochs, and nobody else’s', () => {
    const warmup = (strategy: StrategyName, values: Record<string, unknown>) =>
      resolveConfig([source({ data: 'd', ...values })], strategy).schedule.warmup;
    expect(warmup('all', { backbone: 'vgg16', epochs: 1 })).toBe(0.5);
    expect(warmup('all', { backbone: 'vgg-nano', epochs: 2 })).toBe(1);
    expect(warmup('all', { backbone: 'vgg-nano', epochs: 3 })).toBe(2);
    expect(warmup('all', { epochs: 5, schedule: { warmup: 3 } })).toBe(3);
    expect(issuesOf({ epochs: 2, schedule: { warmup: 2 } }, 'all')).toMatchObject([
      { path: 'schedule.warmup', found: '2' },
    ]);
  });

  it('does not change its sources', () => {
    const lower = source({ data: 'd', head: { kind: 'mlp' } });
    resolveConfig([lower, source({ head: { kind: 'vgg' } })], 'all');
    expect(lower.values).toEqual({ data: 'd', head: { kind: 'mlp' } });
  });

  it('keeps a strategy that the user named and replaces auto', () => {
    expect(declaredStrategy([source({})])).toBe('auto');
    expect(declaredStrategy([source({ strategy: 'top' }), source({ strategy: 'auto' })])).toBe(
      'auto',
    );
    expect(declaredStrategy([source({ strategy: 'top' })])).toBe('top');
    expect(resolveConfig([source({ data: 'd', strategy: 'auto' })], 'top').strategy).toBe('top');
  });

  it.each(STRATEGIES)('is complete for %s with nothing but a folder', (strategy) => {
    const config = resolveConfig([source({ data: 'd' })], strategy);
    expect(config.epochs).toBeGreaterThan(0);
    expect(config.weights).toBe(strategy === 'scratch' ? 'random' : 'auto');
  });
});

describe('errors of a config', () => {
  it('come all at once, each with its key, what is allowed, and what was found', () => {
    const issues = issuesOf({
      epochs: 1.5,
      backbone: 'resnet50',
      optimizer: { learningRte: 1, momentum: 3 },
      augment: { crop: { scale: [2, 'x'] } },
      image: { background: 'red' },
    });
    const told = Object.fromEntries(issues.map((issue) => [issue.path, issue]));
    expect(Object.keys(told).sort()).toEqual([
      'augment.crop.scale[0]',
      'augment.crop.scale[1]',
      'backbone',
      'epochs',
      'image.background',
      'optimizer.learningRte',
      'optimizer.momentum',
    ]);
    expect(told.epochs).toMatchObject({ expected: 'a whole number', found: '1.5' });
    expect(told.backbone?.expected).toContain('vgg16_bn');
    expect(told['optimizer.momentum']).toMatchObject({ expected: 'at most 1', found: '3' });
    expect(told['optimizer.learningRte']?.fix).toBe('did you mean "learningRate"?');
    expect(told['image.background']?.expected).toBe('a colour such as #ffffff');
  });

  it('name the group of a key that was put in the wrong one', () => {
    expect(issuesOf({ learningRate: 1 })[0]?.fix).toBe('did you mean "optimizer.learningRate"?');
  });

  it('name every source, also one whose value is overridden', () => {
    const attempt = () =>
      resolveConfig([source({ data: 'd', epochs: 'x' }, 'a.yaml'), source({ epochs: 3 })], 'all');
    expect(attempt).toThrow(/a\.yaml: epochs: not a possible value: expected a number, found "x"/);
  });

  it('say that the data is missing and how to give it', () => {
    expect(() => resolveConfig([], 'head')).toThrow(/data is missing; name the folder of images/);
  });

  it('carry exit code 2', () => {
    try {
      resolveConfig([], 'head');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).exitCode).toBe(2);
    }
  });

  it('have limits, where a number is one of bytes in the end', () => {
    const issues = issuesOf({ head: { hidden: Number.MAX_SAFE_INTEGER }, image: { size: 1e9 } });
    expect(issues.map(({ path, expected }) => [path, expected])).toEqual([
      ['head.hidden', 'at most 16384'],
      ['image.size', 'at most 10000'],
    ]);
  });

  it.each(['constructor', 'toString', 'matrix'])('a key %s has a fix that is text', (key) => {
    const [issue] = issuesOf({ [key]: 3 });
    expect(issue?.fix).toMatch(key === 'matrix' ? /vggtune batch/ : /^possible keys: /);
  });

  it('take a key __proto__ for what it is: unknown', () => {
    const issues = issuesOf(JSON.parse('{"__proto__": {"epochs": 3}}'));
    expect(issues.map((issue) => issue.message)).toEqual(['unknown key "__proto__"']);
    expect(({} as Record<string, unknown>).epochs).toBeUndefined();
  });
});

describe('rules over several keys', () => {
  const cases: [string, Record<string, unknown>, StrategyName, string][] = [
    ['head on random weights', { weights: 'random' }, 'head', 'weights'],
    ['top on random weights', { weights: 'random' }, 'top', 'weights'],
    ['scratch from a file', { weights: 'vgg.pth' }, 'scratch', 'weights'],
    ['nothing left to train on', { split: { val: 0.5, test: 0.5 } }, 'all', 'split.val'],
    [
      'crop scale upside down',
      { augment: { crop: { scale: [1, 0.5] } } },
      'all',
      'augment.crop.scale',
    ],
    [
      'crop ratio upside down',
      { augment: { crop: { ratio: [2, 1] } } },
      'all',
      'augment.crop.ratio',
    ],
    ['crop of no area', { augment: { crop: { scale: [0, 1] } } }, 'all', 'augment.crop.scale'],
    ['unknown layer', { freeze: 'conv9_9' }, 'top', 'freeze'],
    ['a layer of another VGG', { freeze: 'conv3_4', backbone: 'vgg16' }, 'top', 'freeze'],
    ['everything frozen', { freeze: 'fc8' }, 'top', 'freeze'],
    ['freezing random layers', { freeze: 'block1' }, 'scratch', 'freeze'],
    ['image too small', { image: { size: 16 } }, 'all', 'image.size'],
    ['warm-up without end', { epochs: 3, schedule: { warmup: 3 } }, 'all', 'schedule.warmup'],
    ['momentum of 1', { optimizer: { momentum: 1 } }, 'all', 'optimizer.momentum'],
    [
      'Nesterov without momentum',
      { optimizer: { kind: 'sgd', nesterov: true, momentum: 0 } },
      'top',
      'optimizer.nesterov',
    ],
    ['micro-batch over batch', { batchSize: 4, microBatch: 8 }, 'all', 'microBatch'],
    ['a device of the other engine', { engine: 'onnx', device: 'gpu' }, 'all', 'device'],
    ['a device of no engine', { device: 'tpu' }, 'all', 'device'],
  ];

  it.each(cases)('%s', (_name, values, strategy, path) => {
    const issues = issuesOf(values, strategy);
    expect(issues.map((issue) => issue.path)).toEqual([path]);
    expect(issues[0]?.where).toContain('test');
  });

  it('collects them', () => {
    const issues = issuesOf({ weights: 'random', device: 'tpu', split: { val: 0.9, test: 0.9 } });
    expect(issues.map((issue) => issue.path).sort()).toEqual(['device', 'split.val', 'weights']);
  });

  it('tells them beside values that are not possible, where those have no part in them', () => {
    const clash = { weights: 'random', epochz: 3, seed: 'x', split: { val: 0.9, test: 0.9 } };
    const paths = issuesOf(clash).map((issue) => issue.path);
    expect(paths.sort()).toEqual(['epochz', 'seed', 'split.val', 'weights']);
    const doubtful = { weights: 'random', split: { val: 'most', test: 0.9 } };
    expect(issuesOf(doubtful, 'all').map((issue) => issue.path)).toEqual(['split.val']);
    const unknown = { epochs: 'many', schedule: { warmup: 100 } };
    expect(issuesOf(unknown).map((issue) => issue.path)).toEqual(['epochs']);
  });

  it('every rule names the keys that it looks at', () => {
    for (const [, values, strategy, path] of cases) {
      const broken = { ...values, seed: 'x' };
      expect(issuesOf(broken, strategy).map((issue) => issue.path)).toEqual(['seed', path]);
    }
  });

  it('says whose the keys of a batch are', () => {
    const fixes = issuesOf({ matrix: { seed: [1] }, failIf: 'loss > 1' }).map(({ fix }) => fix);
    expect(fixes).toEqual([
      'a file with a matrix is for `vggtune batch`',
      'only `vggtune batch` reads it; a command takes --fail-if',
    ]);
  });

  it('lets the same keys pass where they make sense', () => {
    expect(issuesOf({ weights: 'random' }, 'scratch')).toEqual([]);
    expect(issuesOf({ weights: 'vgg.pth' }, 'head')).toEqual([]);
    expect(issuesOf({ freeze: 'block3' }, 'top')).toEqual([]);
    expect(issuesOf({ freeze: 'none' }, 'scratch')).toEqual([]);
    expect(issuesOf({ engine: 'tensorflow', device: 'gpu' }, 'all')).toEqual([]);
    expect(issuesOf({ split: { val: 0.4, test: 0.5 } }, 'all')).toEqual([]);
  });
});

it('a folder for `cache` is told where the folder of the cache is named', () => {
  const sources = [{ origin: 'a.yaml', values: { data: 'x', cache: '/somewhere' } }];
  expect(() => resolveConfig(sources, 'head')).toThrow(
    /cache: not a possible value: expected true or false, .*; .*--cache FOLDER, or VGGTUNE_CACHE/,
  );
});

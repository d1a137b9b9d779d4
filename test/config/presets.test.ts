import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { explainConfig } from '../../src/config/explain.ts';
import { loadConfigFile } from '../../src/config/load-file.ts';
import { PRESETS } from '../../src/config/names.ts';
import { presetSource, strategySources } from '../../src/config/presets.ts';
import { resolveConfig, resolveWithOrigins } from '../../src/config/resolve.ts';
import { STRATEGIES } from '../../src/config/schema.ts';
import { sourceIssues } from '../../src/config/zod-issues.ts';

const data = { origin: 'flags', values: { data: 'images' } };

it('there is a file for every name, and no other', () => {
  const files = (folder: string) =>
    readdirSync(new URL(folder, import.meta.url))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => name.replace('.yaml', ''))
      .sort();
  expect(files('../../presets/')).toEqual([...PRESETS].sort());
  expect(files('../../presets/strategies/')).toEqual([...STRATEGIES].sort());
  expect(files('../../presets/strategies/vgg-nano/')).toEqual([...STRATEGIES].sort());
});

it.each(STRATEGIES)('strategy %s is valid and leaves nothing open', (strategy) => {
  for (const backbone of ['vgg16', 'vgg-nano']) {
    expect(strategySources(strategy, backbone).flatMap(sourceIssues)).toEqual([]);
    const values = { origin: 'flags', values: { ...data.values, backbone } };
    expect(resolveConfig([values], strategy)).toMatchObject({ strategy, backbone });
  }
});

it.each(PRESETS.flatMap((preset) => STRATEGIES.map((strategy) => [preset, strategy] as const)))(
  'preset %s goes with strategy %s',
  (preset, strategy) => {
    expect(sourceIssues(presetSource(preset))).toEqual([]);
    expect(() => resolveConfig([presetSource(preset), data], strategy)).not.toThrow();
  },
);

it('head sees each image once, so that its frozen layers run once', () => {
  const { augment } = resolveConfig([data], 'head');
  expect(augment).toMatchObject({ crop: null, flip: 0, rotate: 0, views: 1 });
});

it('a small network has values of its own, below what the user says', () => {
  const rate = (values: Record<string, unknown>) =>
    resolveConfig([data, { origin: 'file', values }], 'top').optimizer;
  expect(rate({})).toMatchObject({ kind: 'adam', learningRate: 0.0001 });
  expect(rate({ backbone: 'vgg-nano' })).toMatchObject({ kind: 'adamw', learningRate: 0.001 });
  const optimizer = { learningRate: 0.5 };
  expect(rate({ backbone: 'vgg-nano', optimizer }).learningRate).toBe(0.5);
});

it('the recipe of the embedded weights is valid', () => {
  const recipe = new URL('../../presets/backbones/vgg-nano.yaml', import.meta.url).pathname;
  const resolved = resolveConfig([...loadConfigFile(recipe), data], 'scratch');
  expect(resolved).toMatchObject({ backbone: 'vgg-nano', weights: 'random', strategy: 'scratch' });
});

it('explains where each value came from', () => {
  const file = new URL('../fixtures/config/small.yaml', import.meta.url).pathname;
  const resolved = resolveWithOrigins(
    [presetSource('quick'), ...loadConfigFile(file), data],
    'top',
  );
  const origins = Object.fromEntries(explainConfig(resolved).map((row) => [row.path, row.origin]));
  expect(origins).toMatchObject({
    data: 'flags',
    backbone: 'preset quick',
    'optimizer.kind': 'strategy top',
    'optimizer.beta1': 'default',
    batchSize: `${file}:2`,
    'head.kind': `${file}:4`,
    earlyStop: 'preset quick',
    strategy: 'chosen for auto',
    out: 'default',
  });
  expect(origins).not.toHaveProperty('earlyStop.patience');
});

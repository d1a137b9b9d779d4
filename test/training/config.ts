import { type RunConfig, runConfigSchema } from '../../src/config/schema.ts';

/** A whole config for tests, with the keys that a strategy's preset would set. */
export function testConfig(changes: Partial<RunConfig> = {}): RunConfig {
  const config = runConfigSchema.parse({
    data: 'data',
    out: 'runs/test',
    backbone: 'vgg-nano',
    head: { fit: 'steps' },
    refit: 'never',
    image: {},
    split: {},
    epochs: 2,
    warmupEpochs: 0,
    batchSize: 8,
    optimizer: { kind: 'sgd', learningRate: 0.1 },
    schedule: { kind: 'constant' },
    labelSmoothing: 0,
    earlyStop: null,
    augment: {
      crop: null,
      flip: 0,
      rotate: 0,
      brightness: 0,
      contrast: 0,
      saturation: 0,
      hue: 0,
      views: 1,
    },
  });
  return { ...config, ...changes };
}

import { beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { STRATEGIES } from '../../src/config/schema.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { layerParameters } from '../../src/network/parameters.ts';
import type { Checkpoint } from '../../src/training/checkpoint.ts';
import type { TrainingJob } from '../../src/training/job.ts';
import { runTraining } from '../../src/training/loop.ts';
import type { RowSource } from '../../src/training/sample-source.ts';
import { frozenAndTrained } from '../../src/training/train-plan.ts';
import { changedNames, memoryCheckpoints, type TinyJobOptions, tinyJob } from './fixtures.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createOnnxEngine({ device: 'cpu', threads: 1 });
});

const job = (options: Omit<TinyJobOptions, 'engine'>) => tinyJob({ ...options, engine });

/** Of images of three classes in turn the first twenty, of which the first class has ten. */
function unevenClasses(source: RowSource): RowSource {
  const chosen = [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 1, 4, 7, 10, 13, 2, 5, 8, 11, 14];
  return {
    labels: chosen.map((at) => source.labels[at] ?? 0),
    async *batches(order, options) {
      const theirs = order.map((at) => chosen[at] ?? 0);
      for await (const { rows, positions } of source.batches(theirs, options)) {
        yield { rows, positions: positions.map((at) => chosen.indexOf(at)) };
      }
    },
  };
}

/** Runs a job that is interrupted after so many steps. @returns its last checkpoint */
async function interruptedAfter(steps: number, whole: TrainingJob) {
  const controller = new AbortController();
  const checkpoints = memoryCheckpoints();
  let seen = 0;
  const emit = (event: RunEvent) => {
    if (event.type === 'step' && ++seen === steps) controller.abort();
  };
  const run = runTraining({ ...whole, checkpoints, emit, signal: controller.signal });
  await expect(run).rejects.toMatchObject({ kind: 'interrupted', exitCode: 130 });
  expect(seen).toBe(steps);
  return checkpoints;
}

describe.each(STRATEGIES)('%s', (strategy) => {
  it('trains its parameters and leaves the frozen ones as they are, bit for bit', async () => {
    const whole = job({ strategy });
    const { weights } = await runTraining(whole);
    const { frozen, trained } = frozenAndTrained(whole.plan, whole.network);
    const names = (layers: readonly string[]) =>
      whole.network.layers
        .filter((layer) => layers.includes(layer.name))
        .flatMap((layer) => layerParameters(layer).map(({ name }) => name));
    // A bias below a batch norm changes nothing: its gradient is zero.
    const { layers } = whole.network;
    const idle = layers
      .filter((layer, index) => layer.kind === 'conv' && layers[index + 1]?.kind === 'batchnorm')
      .map((layer) => `${layer.name}.bias`);
    const learning = names(trained).filter((name) => !idle.includes(name));
    expect(changedNames(whole.weights, weights).sort()).toEqual(learning.sort());
    expect(names(frozen).length + names(trained).length).toBe(whole.weights.size);
  });

  it('gives the same weights twice with one seed, and others with another', async () => {
    const once = await runTraining(job({ strategy }));
    const twice = await runTraining(job({ strategy }));
    expect(changedNames(once.weights, twice.weights)).toEqual([]);
    const other = await runTraining(job({ strategy, config: { seed: 1 } }));
    expect(changedNames(once.weights, other.weights)).not.toEqual([]);
  });

  it('resumes at any step to the weights of the uninterrupted run, bit for bit', async () => {
    const config = {
      mixup: 0.2,
      optimizer: { ...job({ strategy }).config.optimizer, kind: 'adamw' as const },
      schedule: { ...job({ strategy }).config.schedule, kind: 'one-cycle' as const },
    };
    const whole = job({ strategy, config });
    const uninterrupted = await runTraining(whole);
    // Four steps an epoch: in the middle, at the end of an epoch, after a warm-up, at the very end.
    for (const steps of [1, 4, 6, 8]) {
      const checkpoints = await interruptedAfter(steps, whole);
      const resume = checkpoints.last();
      if (resume === undefined) throw new Error('no checkpoint');
      const resumed = await runTraining({ ...whole, checkpoints, resume });
      expect(changedNames(uninterrupted.weights, resumed.weights), `${steps} steps`).toEqual([]);
      expect(resumed.history).toEqual(uninterrupted.history);
    }
  });
});

describe('runTraining', () => {
  it.each([
    // Four steps an epoch, two epochs: between steps each time, and at the ends of epochs anyway.
    ['0s', [1, 2, 3, 0, 1, 2, 3, 0]],
    ['never', [0, 0]],
    ['1h', [0, 0]],
  ])('saves after %s, between steps, and goes on from there', async (checkpointEvery, batches) => {
    const saved: Checkpoint[] = [];
    const checkpoints = memoryCheckpoints();
    const whole = job({ strategy: 'scratch', config: { checkpointEvery, warmupEpochs: 0 } });
    const saveLast = async (checkpoint: Checkpoint) => {
      await checkpoints.saveLast(checkpoint);
      saved.push(checkpoints.last() as Checkpoint);
    };
    const once = await runTraining({ ...whole, checkpoints: { ...checkpoints, saveLast } });
    expect(saved.map(({ progress }) => progress.batch)).toEqual(batches);
    const again = await runTraining({ ...whole, resume: saved[0] as Checkpoint });
    expect(changedNames(once.weights, again.weights)).toEqual([]);
  });

  it('learns', async () => {
    const events: RunEvent[] = [];
    const optimizer = { ...job({ strategy: 'scratch' }).config.optimizer, learningRate: 0.02 };
    const config = { epochs: 15, optimizer };
    const emit = (event: RunEvent) => events.push(event);
    await runTraining({ ...job({ strategy: 'scratch', config }), emit });
    const epochs = events.filter((event) => event.type === 'epoch');
    expect(epochs).toHaveLength(15);
    expect(epochs.at(-1)?.validation.accuracy).toBeGreaterThan(0.9);
    expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 2);
  });

  it('restores the best epoch, not the last', async () => {
    const checkpoints = memoryCheckpoints();
    const saved: { epoch: number; names: string[] }[] = [];
    const base = job({ strategy: 'head', config: { epochs: 6 } });
    const saveBest: typeof checkpoints.saveBest = async (weights, progress) => {
      saved.push({ epoch: progress.epoch, names: [...weights.keys()] });
      await checkpoints.saveBest(weights, progress);
    };
    // A rate that grows the loss after the first epochs.
    const optimizer = { ...base.config.optimizer, learningRate: 8 };
    const whole = job({ strategy: 'head', config: { epochs: 6, optimizer } });
    const outcome = await runTraining({ ...whole, checkpoints: { ...checkpoints, saveBest } });
    const losses = outcome.history.map((figures) => figures.loss);
    expect(outcome.bestEpoch).toBe(losses.indexOf(Math.min(...(losses as number[]))));
    expect(outcome.bestEpoch).toBeLessThan(5);
    expect(saved.at(-1)?.epoch).toBe(outcome.bestEpoch + 1);
    const best = await checkpoints.loadBest();
    expect(changedNames(best, outcome.weights)).toEqual([]);
    const last = checkpoints.last()?.state.weights ?? new Map();
    expect(changedNames(last, outcome.weights)).not.toEqual([]);
  });

  it('stops early, and a resumed run stops at the same epoch', async () => {
    const config = {
      epochs: 20,
      optimizer: { ...job({ strategy: 'head' }).config.optimizer, learningRate: 8 },
      earlyStop: { metric: 'loss' as const, patience: 2, minDelta: 0 },
    };
    const whole = job({ strategy: 'head', config });
    const outcome = await runTraining(whole);
    expect(outcome.history.length).toBe(outcome.bestEpoch + 3);
    const resume = (whole.checkpoints as ReturnType<typeof memoryCheckpoints>).last();
    if (resume === undefined) throw new Error('no checkpoint');
    const again = await runTraining({ ...whole, resume });
    expect(again.history).toEqual(outcome.history);
  });

  it.each(['loss', 'accuracy'] as const)(
    'without validation images never stops early (%s), and keeps the last epoch',
    async (metric) => {
      const optimizer = { ...job({ strategy: 'head' }).config.optimizer, learningRate: 1e-12 };
      const config = { epochs: 4, optimizer, earlyStop: { metric, patience: 1, minDelta: 0 } };
      const whole = job({ strategy: 'head', config });
      const warnings: string[] = [];
      const checkpoints = memoryCheckpoints();
      const outcome = await runTraining({
        ...whole,
        checkpoints,
        sources: async (phase) => {
          const { train, release } = await whole.sources(phase);
          return { train, release };
        },
        emit: (event) => event.type === 'warning' && warnings.push(event.code),
      });
      expect(outcome.history).toHaveLength(4);
      expect(outcome.bestEpoch).toBe(3);
      expect(warnings).toEqual(['no-validation']);
      const last = checkpoints.last()?.state.weights ?? new Map();
      expect(changedNames(last, outcome.weights)).toEqual([]);
    },
  );

  it('in which no step could be made fails, and saves nothing', async () => {
    const whole = job({ strategy: 'scratch' });
    const none: TrainingJob['sources'] = async (phase) => {
      const sources = await whole.sources(phase);
      async function* batches() {
        yield { rows: new Uint8Array(), positions: [] };
      }
      return { ...sources, train: { labels: sources.train.labels, batches } };
    };
    await expect(runTraining({ ...whole, sources: none })).rejects.toMatchObject({
      exitCode: 3,
      message: 'no image could be read in epoch 1, so no step was made',
    });
    expect((whole.checkpoints as ReturnType<typeof memoryCheckpoints>).last()).toBeUndefined();
  });

  it('weights classes of unequal size: a rare one learns as a common one does', async () => {
    const biases = async (classWeights: 'none' | 'balanced') => {
      const config = { classWeights, warmupEpochs: 0, epochs: 1, batchSize: 20 };
      const whole = job({ strategy: 'head', config, batchNorm: false });
      const even = new Map(
        [...whole.weights].map(([name, { shape, data }]) => {
          const value = name.startsWith('fc8.') ? data.map(() => 0) : data;
          return [name, { shape, data: value }] as const;
        }),
      );
      const sources: TrainingJob['sources'] = async (phase) => {
        const { train, release } = await whole.sources(phase);
        return { train: unevenClasses(train), release };
      };
      const { weights } = await runTraining({ ...whole, weights: even, sources });
      return [...(weights.get('fc8.bias')?.data ?? [])];
    };
    // From logits of zero the gradient of a bias is the mean of 1/3 less the class's share, times a rate of 0.1.
    const plain = await biases('none');
    [0.5, 0.25, 0.25].forEach((share, label) => {
      expect(plain[label]).toBeCloseTo(0.1 * (share - 1 / 3), 6);
    });
    for (const bias of await biases('balanced')) expect(bias).toBeCloseTo(0, 6);
  });

  it('counts a tie of classes as the metrics do: for the first of them', async () => {
    const whole = job({ strategy: 'head' });
    const even = new Map(
      [...whole.weights].map(([name, { shape, data }]) => {
        const value = name.startsWith('fc8.') ? data.map(() => 0) : data;
        return [name, { shape, data: value }] as const;
      }),
    );
    const steps: number[] = [];
    const emit = (event: RunEvent) => event.type === 'step' && steps.push(event.accuracy);
    const optimizer = { ...whole.config.optimizer, learningRate: 1e-30 };
    // All 30 images in one step, a third of them of the first class.
    const config = { ...whole.config, optimizer, batchSize: 30, epochs: 1 };
    await runTraining({ ...whole, config, weights: even, emit });
    expect(steps[0]).toBeCloseTo(1 / 3);
  });

  it('stops at a loss that is no number, names the step, and keeps the last good checkpoint', async () => {
    const optimizer = { ...job({ strategy: 'scratch' }).config.optimizer, learningRate: 1e30 };
    const whole = job({ strategy: 'scratch', config: { optimizer }, batchNorm: false });
    await expect(runTraining(whole)).rejects.toMatchObject({
      kind: 'usage',
      details: { where: expect.stringMatching(/main, epoch 1, step \d/) },
    });
    expect((whole.checkpoints as ReturnType<typeof memoryCheckpoints>).last()).toBeUndefined();
  });
});

describe('a start that is known to be good', () => {
  const solved = (config: TinyJobOptions['config']) => {
    const whole = job({
      strategy: 'top',
      ...(config !== undefined && { config }),
      batchNorm: false,
    });
    return { ...whole, plan: { ...whole.plan, startIsCandidate: true } };
  };
  const rate = (learningRate: number) => ({
    ...job({ strategy: 'top' }).config.optimizer,
    learningRate,
  });

  it.each([50, 1e30])('is kept, and said to be, at a rate of %d', async (learningRate) => {
    const events: RunEvent[] = [];
    const whole = solved({ warmupEpochs: 0, epochs: 5, optimizer: rate(learningRate) });
    const outcome = await runTraining({ ...whole, emit: (event) => events.push(event) });
    expect(outcome.bestEpoch).toBe(-1);
    expect(changedNames(whole.weights, outcome.weights)).toEqual([]);
    const warnings = events.filter((event) => event.type === 'warning');
    expect(warnings).toMatchObject([{ code: 'training-diverged' }]);
    expect(warnings[0]?.message).toMatch(/what was best before is kept.*optimizer.learningRate/);
    expect(events.filter((event) => event.type === 'epoch').length).toBeLessThan(5);
  });

  it('gives way to an epoch that is better', async () => {
    const whole = solved({ warmupEpochs: 0, epochs: 8, optimizer: rate(0.05) });
    const outcome = await runTraining(whole);
    expect(outcome.bestEpoch).toBeGreaterThan(-1);
    expect(changedNames(whole.weights, outcome.weights)).not.toEqual([]);
  });
});

describe('a refit', () => {
  const refitting = (config: TinyJobOptions['config'] = {}) => {
    const whole = job({ strategy: 'top', config: { warmupEpochs: 0, epochs: 6, ...config } });
    const phases = whole.plan.phases.flatMap((phase) => [phase, { ...phase, refit: true }]);
    return { ...whole, plan: { ...whole.plan, phases, startIsCandidate: true } };
  };

  it('begins again at the start and takes as many epochs as were best', async () => {
    const events: RunEvent[] = [];
    const whole = refitting({
      optimizer: { ...job({ strategy: 'top' }).config.optimizer, learningRate: 0.3 },
    });
    const outcome = await runTraining({ ...whole, emit: (event) => events.push(event) });
    const epochs = events.filter((event) => event.type === 'epoch');
    const refit = epochs.filter(({ phase }) => phase === 'refit');
    expect(refit).toHaveLength(outcome.bestEpoch + 1);
    expect(outcome.bestEpoch).toBeGreaterThan(-1);
    // The made sources give a refit the same images: it repeats the best epoch, bit for bit but for the seed's keys.
    expect(changedNames(outcome.judgedWeights, outcome.weights)).not.toEqual([]);
  });

  it('takes no step where the start was best, and gives what it starts from', async () => {
    const refitWeights = job({ strategy: 'all', config: { seed: 4 } }).weights;
    const optimizer = { ...job({ strategy: 'top' }).config.optimizer, learningRate: 1e30 };
    const outcome = await runTraining({ ...refitting({ optimizer }), refitWeights });
    expect(outcome.bestEpoch).toBe(-1);
    expect(changedNames(refitWeights, outcome.weights)).toEqual([]);
  });

  it('resumes at any step to the same weights, bit for bit', async () => {
    const whole = refitting();
    const uninterrupted = await runTraining(whole);
    const steps = 4 * (6 + uninterrupted.bestEpoch + 1);
    for (const at of [3, 23, 24, 25, steps - 1].filter((step) => step < steps)) {
      const checkpoints = await interruptedAfter(at, whole);
      const resume = checkpoints.last();
      if (resume === undefined) throw new Error('no checkpoint');
      const resumed = await runTraining({ ...whole, checkpoints, resume });
      expect(changedNames(uninterrupted.weights, resumed.weights), `${at} steps`).toEqual([]);
      expect(resumed.bestEpoch).toBe(uninterrupted.bestEpoch);
    }
  });
});

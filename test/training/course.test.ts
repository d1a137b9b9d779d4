import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import type { TrainingBatch } from '../../src/engines/engine.ts';
import { type Progress, START } from '../../src/training/checkpoint.ts';
import { runTraining } from '../../src/training/loop.ts';
import type { RowSource } from '../../src/training/sample-source.ts';
import { testConfig } from './config.ts';
import { eventsOf, type Script, scriptedJob, weightOf, weightsOf } from './scripted.ts';

async function train(script: Script) {
  const { job, seen } = scriptedJob(script);
  return { outcome: await runTraining(job), seen, job };
}

const WARM = { name: 'warm-up', epochs: 1 } as const;
const better = (steps: number) => steps;
const state = (weight: number) => ({ step: 1, weights: weightsOf(weight), slots: new Map() });

describe('phases', () => {
  it('come one after the other, each from the weights of the one before', async () => {
    const { seen } = await train({ phases: [WARM, {}], sure: better });
    expect(seen.requests.map(({ weights }) => weightOf(weights))).toEqual([0, 2]);
    expect(seen.calls).toEqual([
      ...['sources warm-up', 'compile', 'release program', 'release sources'],
      ...['sources main', 'compile', 'release program', 'release sources'],
    ]);
    expect(seen.lasts.map(({ progress: { phase, epoch } }) => [phase, epoch])).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(eventsOf(seen, 'train-start').map(({ phase, epochs }) => [phase, epochs])).toEqual([
      ['warm-up', 1],
      ['main', 3],
    ]);
  });

  it('give the weights of the best epoch over those that nothing has trained', async () => {
    const whole = new Map([...weightsOf(0), ['conv1_1.weight', tensor([1], Float32Array.of(9))]]);
    const { outcome } = await train({ job: { weights: whole }, sure: (steps) => 9 - steps });
    const numbers = [...outcome.weights].map(([name, { data }]) => [name, data[0]]);
    expect(numbers).toEqual([
      ['fc8.weight', 2],
      ['conv1_1.weight', 9],
    ]);
    expect(outcome.judgedWeights).toEqual(outcome.weights);
  });

  it('without an epoch are passed over', async () => {
    const { seen } = await train({ phases: [{ ...WARM, epochs: 0 }, {}] });
    expect(seen.calls[0]).toBe('sources main');
  });

  it('that are all behind a resumed run leave it what it had', async () => {
    const judged = { history: [{ loss: 1 }, { loss: 2 }], best: 0 };
    const resume = { progress: { ...START, phase: 1, judged }, state: state(5) };
    const { job } = scriptedJob({ phases: [{}, { refit: true, epochs: 3 }], job: { resume } });
    await job.checkpoints.saveBest(weightsOf(3), START);
    const outcome = await runTraining(job);
    expect(outcome).toMatchObject({ bestEpoch: 0, history: judged.history });
    expect(weightOf(outcome.judgedWeights)).toBe(3);
  });
});

describe('a checkpoint of another run', () => {
  it.each([
    ['of more phases', { progress: { ...START, phase: 1 }, state: state(1) }, 'phase 2 of 1'],
    [
      'of a network with other tensors',
      { progress: START, state: { ...state(1), weights: new Map() } },
      'no tensor fc8.weight',
    ],
    [
      'of another optimizer',
      { progress: START, state: { ...state(1), slots: weightsOf(1) } },
      'a tensor fc8.weight',
    ],
  ])('%s is refused, and what was opened is given back', async (_, resume, found) => {
    const path = 'runs/x/last';
    const { job, seen } = scriptedJob({ job: { resume: { ...resume, path } } });
    await expect(runTraining(job)).rejects.toMatchObject({
      kind: 'data',
      details: { found, where: path },
    });
    expect(seen.rates).toEqual([]);
    const opened = seen.calls.filter((call) => call.startsWith('sources'));
    const released = seen.calls.filter((call) => call === 'release sources');
    expect(released).toHaveLength(opened.length);
  });

  it('is refused as the best weights', async () => {
    const { job } = scriptedJob({});
    const loadBest = async () => new Map([['other', tensor([1], Float32Array.of(1))]]);
    const checkpoints = { ...job.checkpoints, loadBest };
    await expect(runTraining({ ...job, checkpoints })).rejects.toMatchObject({
      details: { found: 'a tensor other' },
    });
  });
});

it('what a phase has opened is given back when it cannot be compiled', async () => {
  const { job, seen } = scriptedJob({});
  const compileTraining = () => Promise.reject(new Error('no memory'));
  const engine = { ...job.engine, compileTraining };
  await expect(runTraining({ ...job, engine })).rejects.toThrow('no memory');
  expect(seen.calls).toEqual(['sources main', 'release sources']);
});

describe('a refit', () => {
  const REFIT = { refit: true } as const;
  const phases = [WARM, { epochs: 4 }, { ...WARM, ...REFIT }, { ...REFIT, epochs: 4 }];
  /** The second epoch of main, after the fourth step of the warm-up and it, is the best. */
  const sure = (steps: number) => (steps === 6 ? 3 : 1);

  it('begins at the start, warms up, and takes as many epochs as were best', async () => {
    const { seen, outcome } = await train({ phases, sure });
    expect(seen.requests.map(({ weights }) => weightOf(weights))).toEqual([0, 2, 0, 2]);
    expect(eventsOf(seen, 'train-start').map(({ phase, epochs }) => [phase, epochs])).toEqual([
      ['warm-up', 1],
      ['main', 4],
      ['refit warm-up', 1],
      ['refit', 2],
    ]);
    expect(outcome).toMatchObject({ bestEpoch: 1 });
    expect(outcome.history).toHaveLength(4);
    expect([outcome.weights, outcome.judgedWeights].map(weightOf)).toEqual([6, 6]);
  });

  it('has no best epoch of its own, and keeps that of the judged phase', async () => {
    const { seen, outcome } = await train({
      phases,
      sure: (steps) => (steps > 10 ? 9 : sure(steps)),
    });
    expect(seen.bests.map(({ progress: { phase } }) => phase)).toEqual([1, 1]);
    expect(outcome.bestEpoch).toBe(1);
    const judged = seen.lasts.at(-1)?.progress.judged;
    expect(judged).toMatchObject({ best: 1, history: outcome.history });
  });

  it('begins at the weights that are made for it', async () => {
    const { seen, outcome } = await train({ phases, sure, job: { refitWeights: weightsOf(50) } });
    expect(seen.requests.map(({ weights }) => weightOf(weights))).toEqual([0, 2, 50, 52]);
    expect([outcome.weights, outcome.judgedWeights].map(weightOf)).toEqual([56, 6]);
  });

  it('takes no epoch where the start was best', async () => {
    const plan = { startIsCandidate: true };
    const only = [{}, { ...REFIT }];
    const { seen, outcome } = await train({ plan, phases: only });
    expect(seen.requests).toHaveLength(1);
    expect(outcome.bestEpoch).toBe(-1);
    expect([outcome.weights, outcome.judgedWeights].map(weightOf)).toEqual([0, 0]);
  });

  it('goes on in its phase when it is resumed', async () => {
    const judged = {
      history: [{ loss: 1 }, { loss: 2 }, { loss: 3 }],
      best: 1,
      before: { loss: 4 },
    };
    const progress: Progress = { ...START, phase: 3, epoch: 1, history: [{ loss: 1 }], judged };
    const { job, seen } = scriptedJob({ phases, job: { resume: { progress, state: state(7) } } });
    await job.checkpoints.saveBest(weightsOf(6), START);
    const outcome = await runTraining(job);
    expect(seen.rates).toHaveLength(2);
    expect([outcome.weights, outcome.judgedWeights].map(weightOf)).toEqual([9, 6]);
    expect(outcome).toMatchObject({ history: judged.history, bestEpoch: 1 });
    expect(seen.lasts.at(-1)?.progress.judged).toEqual(judged);
  });
});

describe('what the engine is asked for', () => {
  it('is what the settings say', async () => {
    const plain = await train({ images: 6 });
    expect(plain.seen.requests[0]).toMatchObject({
      ...{ from: 1, batchSize: 4, optimizer: { kind: 'sgd' } },
      loss: { labelSmoothing: 0 },
    });
    for (const key of ['clipNorm', 'microBatch']) {
      expect(plain.seen.requests[0]).not.toHaveProperty(key);
    }
    expect(plain.seen.requests[0]?.loss).not.toHaveProperty('classWeights');
    const config = {
      ...{ clipNorm: 2, microBatch: 3, labelSmoothing: 0.1 },
      classWeights: 'balanced' as const,
    };
    const { seen } = await train({ config, images: 4 });
    expect(seen.requests[0]).toMatchObject({
      ...{ clipNorm: 2, microBatch: 3 },
      loss: { labelSmoothing: 0.1, classWeights: Float32Array.of(4 / 6, 4 / 3, 4 / 3) },
    });
  });

  it('is a rate for each group, by the schedule', async () => {
    const schedule = { ...testConfig().schedule, kind: 'step' as const, every: 1, factor: 0.5 };
    const { seen } = await train({ phases: [{ schedule, epochs: 3 }] });
    expect(seen.rates).toEqual([
      ...[
        [0.5, 0.25],
        [0.5, 0.25],
      ],
      ...[
        [0.25, 0.125],
        [0.25, 0.125],
      ],
      ...[
        [0.125, 0.0625],
        [0.125, 0.0625],
      ],
    ]);
  });

  it('is a lower rate where the validation loss stands still', async () => {
    const schedule = {
      ...testConfig().schedule,
      kind: 'plateau' as const,
      patience: 1,
      factor: 0.5,
    };
    const { seen } = await train({ phases: [{ schedule, epochs: 4 }], images: 4 });
    expect(seen.rates.map(([rate]) => rate)).toEqual([0.5, 0.5, 0.5, 0.25]);
  });
});

describe('batches', () => {
  const imagesOf = (batches: readonly TrainingBatch[]) => batches.map(({ rows }) => [...rows]);
  const sorted = (batches: readonly TrainingBatch[]) =>
    imagesOf(batches)
      .flat()
      .sort((a, b) => a - b);
  const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

  it('hold every image once an epoch, in an order of its own', async () => {
    const { seen } = await train({ phases: [{ epochs: 2 }] });
    const epochs = [seen.batches.slice(0, 2), seen.batches.slice(2)];
    for (const epoch of epochs) expect(sorted(epoch)).toEqual(ALL);
    const [first, second] = epochs.map(imagesOf);
    expect(first).not.toEqual(second);
    expect(first?.flat()).not.toEqual(ALL);
    const again = await train({ phases: [{ epochs: 2 }] });
    expect(imagesOf(again.seen.batches)).toEqual(imagesOf(seen.batches));
    const other = await train({ phases: [{ epochs: 2 }], config: { seed: 1 } });
    expect(imagesOf(other.seen.batches)).not.toEqual(imagesOf(seen.batches));
  });

  it('have the class of each image, and weights that make the loss a mean', async () => {
    const { seen } = await train({ images: 6, phases: [{ epochs: 1 }] });
    expect(seen.batches.map(({ count }) => count)).toEqual([4, 2]);
    for (const { rows, count, targets, weights } of seen.batches) {
      expect([...weights]).toEqual(new Array(count).fill(1 / count));
      const classes = [...rows].map((image) => image % 3);
      classes.forEach((label, row) => {
        const wanted = [0, 1, 2].map((at) => (at === label ? 1 : 0));
        expect([...targets.subarray(3 * row, 3 * row + 3)]).toEqual(wanted);
      });
    }
  });

  it('are weighted by their classes where these are balanced', async () => {
    const config = { classWeights: 'balanced' as const };
    const { seen } = await train({ config, images: 4, phases: [{ epochs: 1 }] });
    // Images of the classes 0, 1, 2, 0 with weights of 2/3, 4/3, 4/3 and 2/3.
    for (const weight of seen.batches[0]?.weights ?? []) expect(weight).toBeCloseTo(1 / 4, 6);
  });

  it('are mixed where that is asked for, and not by default', async () => {
    const { seen } = await train({ config: { mixup: 1 }, phases: [{ epochs: 1 }] });
    const mixed = seen.batches.flatMap(({ targets }) => [...targets]);
    expect(mixed.some((share) => share > 0.01 && share < 0.99)).toBe(true);
  });

  it('have other dropout masks at each step', async () => {
    const { seen } = await train({ phases: [{ epochs: 2 }] });
    const masks = seen.batches.map(({ dropout }) => [...(dropout.get('dropout7') ?? [])].join());
    expect(new Set(masks).size).toBe(4);
    expect(masks[0]?.split(',')).toHaveLength(4 * 8);
  });

  it('of which no image could be read are passed over, and the epoch goes on', async () => {
    const { job, seen } = scriptedJob({ phases: [{ epochs: 1 }] });
    const sources: typeof job.sources = async (phase) => {
      const all = await job.sources(phase);
      const batches: RowSource['batches'] = async function* (order, options) {
        yield { rows: new Float32Array(), positions: [] };
        for await (const batch of all.train.batches(order.slice(4), options)) yield batch;
      };
      return { ...all, train: { labels: all.train.labels, batches } };
    };
    await runTraining({ ...job, sources });
    expect(eventsOf(seen, 'step').map(({ step, images }) => [step, images])).toEqual([[2, 4]]);
    expect(seen.lasts.at(-1)?.progress).toMatchObject({ epoch: 1, batch: 0 });
  });

  it('that are left of an epoch are those that a resumed run takes', async () => {
    const whole = await train({ phases: [{ epochs: 1 }], images: 12 });
    const sums = { loss: 8, correct: 8, images: 8 };
    const resume = { progress: { ...START, batch: 2, sums }, state: state(2) };
    const { seen } = await train({ phases: [{ epochs: 1 }], images: 12, job: { resume } });
    expect(imagesOf(seen.batches)).toEqual(imagesOf(whole.seen.batches).slice(2));
    expect(eventsOf(seen, 'train-start')[0]?.stepsDone).toBe(2);
    const [step] = eventsOf(seen, 'step');
    expect(step?.step).toBe(3);
    expect(step?.accuracy).toBeGreaterThan(8 / 12 - 1e-9);
  });
});

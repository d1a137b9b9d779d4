import { afterEach, describe, expect, it, vi } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { START } from '../../src/training/checkpoint.ts';
import { runTraining } from '../../src/training/loop.ts';
import { eventsOf, type Script, type Seen, scriptedJob, weightsOf } from './scripted.ts';

async function train(script: Script) {
  const { job, seen } = scriptedJob(script);
  return { outcome: await runTraining(job), seen, job };
}

/** A run that fails: what it was about, and the error. */
async function failing(script: Script): Promise<{ seen: Seen; error: unknown }> {
  const { job, seen } = scriptedJob(script);
  const error = await runTraining(job).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeDefined();
  return { seen, error };
}

/** The network is as sure after an epoch (of two steps) as a list says. */
const sureAfter =
  (...values: number[]) =>
  (steps: number) =>
    values[steps / 2 - 1] ?? 0;

afterEach(() => {
  vi.useRealTimers();
});

describe('what a phase tells', () => {
  it('begins with how much there is to do', async () => {
    const { seen } = await train({ images: 9 });
    expect(eventsOf(seen, 'train-start')).toEqual([
      { type: 'train-start', phase: 'main', epochs: 3, stepsPerEpoch: 3, images: 9 },
    ]);
  });

  it('has every step with its loss, its highest rate and the accuracy so far', async () => {
    const { seen } = await train({ images: 6, phases: [{ epochs: 2 }], loss: (step) => step / 2 });
    const steps = eventsOf(seen, 'step');
    expect(steps.map(({ epoch, step, loss }) => [epoch, step, loss])).toEqual([
      [1, 1, 0.5],
      [1, 2, 1],
      [2, 1, 1.5],
      [2, 2, 2],
    ]);
    expect(steps.map(({ images }) => images)).toEqual([4, 2, 4, 2]);
    expect(steps[0]).toMatchObject({ phase: 'main', stepsPerEpoch: 2, learningRate: 0.5 });
    // Scores of zero count for the first class, which a third of the images are of.
    expect([steps[1]?.accuracy, steps[3]?.accuracy]).toEqual([1 / 3, 1 / 3]);
  });

  it('has every epoch with its means and figures, and whether it is the best so far', async () => {
    const loss = (step: number) => [1, 4, 2, 2, 3, 3][step - 1] ?? 0;
    const { seen } = await train({ images: 6, loss, sure: sureAfter(1, 3, 2) });
    const epochs = eventsOf(seen, 'epoch');
    // Four images with a loss of 1, and two with one of 4.
    expect(epochs.map((epoch) => epoch.loss)).toEqual([2, 2, 3]);
    expect(epochs.map(({ best }) => best)).toEqual([true, true, false]);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(epochs[0]).toMatchObject({ phase: 'main', epochs: 3, accuracy: 1 / 3 });
    expect(epochs[0]?.validation.accuracy).toBe(1);
    expect(epochs[1]?.validation.loss).toBeCloseTo(Math.log(1 + 2 * Math.exp(-3)), 6);
    expect(epochs[0]?.seconds).toBeGreaterThanOrEqual(0);
    expect(epochs[0]?.seconds).toBeLessThan(60);
  });

  it('has the figures of training alone where nothing is held out', async () => {
    const config = { earlyStop: { metric: 'loss', patience: 1, minDelta: 0 } } as const;
    const { seen, outcome } = await train({ held: 0, config, loss: (step) => step });
    expect(outcome.history).toEqual([1.5, 3.5, 5.5].map((loss) => ({ loss })));
    expect(eventsOf(seen, 'epoch').map(({ validation }) => validation)).toEqual([{}, {}, {}]);
    expect(eventsOf(seen, 'epoch').map(({ best }) => best)).toEqual([false, false, true]);
    expect(eventsOf(seen, 'warning').map(({ code }) => code)).toEqual(['no-validation']);
    expect(seen.bests.map(({ weight }) => weight)).toEqual([6]);
    expect(outcome.bestEpoch).toBe(2);
  });

  it.each([
    ['nothing would be stopped early', { held: 0 }],
    ['there are validation images', { config: { earlyStop: EARLY('loss', 9) } }],
    ['a warm-up is judged by nothing', { phases: [{ name: 'warm-up', epochs: 1 }, {}] }],
  ] as const)('has no warning of early stopping where %s', async (_, script) => {
    const { seen } = await train(script);
    expect(eventsOf(seen, 'warning')).toEqual([]);
  });
});

function EARLY(metric: 'loss' | 'accuracy' | 'calibrated_loss', patience: number) {
  return { metric, patience, minDelta: 0 } as const;
}

describe('the best epoch', () => {
  it('is kept with its weights, the first of equal ones', async () => {
    const { seen, outcome } = await train({ sure: sureAfter(1, 1, 0.5) });
    expect(seen.bests.map(({ weight, progress }) => [weight, progress.epoch])).toEqual([[2, 1]]);
    expect(outcome.bestEpoch).toBe(0);
    expect([...(outcome.weights.get('fc8.weight')?.data ?? [])]).toEqual([2]);
  });

  it('ends the phase when none has been better for a while, which is told', async () => {
    const config = { earlyStop: EARLY('loss', 2) };
    const phases = [{ epochs: 9 }];
    const { seen, outcome } = await train({ config, phases, sure: sureAfter(1, 3, 2, 2, 5) });
    expect(eventsOf(seen, 'early-stop')).toEqual([
      { type: 'early-stop', epoch: 4, bestEpoch: 2, metric: 'loss' },
    ]);
    expect(outcome.history).toHaveLength(4);
    expect(seen.lasts.map(({ progress }) => progress.epoch)).toEqual([1, 2, 3, 4]);
  });

  it('is the one by the metric that is watched', async () => {
    // From the second epoch on one image is wrong, with a loss that falls all the same.
    const sure = (steps: number, image: number) => (image === 3 && steps > 2 ? -0.1 : steps / 2);
    const config = { earlyStop: EARLY('accuracy', 1) };
    const { seen, outcome } = await train({ config, sure, phases: [{ epochs: 5 }] });
    expect(outcome.history.map(({ accuracy }) => accuracy)).toEqual([1, 0.75]);
    expect(outcome.bestEpoch).toBe(0);
    expect(eventsOf(seen, 'early-stop')[0]).toMatchObject({ metric: 'accuracy', bestEpoch: 1 });
  });

  it('is looked for by the calibrated loss where that is watched, and only there', async () => {
    const plain = await train({});
    expect(plain.outcome.history[0]).not.toHaveProperty('calibrated_loss');
    const { outcome } = await train({ config: { earlyStop: EARLY('calibrated_loss', 9) } });
    expect(outcome.history[0]?.calibrated_loss).toBeCloseTo(Math.log(3), 6);
  });

  it('is none of a warm-up', async () => {
    const phases = [{ name: 'warm-up', epochs: 1 }, { epochs: 1 }] as const;
    const { seen, outcome } = await train({ phases, sure: sureAfter(5, 1) });
    expect(seen.bests.map(({ weight }) => weight)).toEqual([4]);
    expect(outcome.history).toHaveLength(1);
  });

  it('is measured and kept as the moving average, and training goes on without it', async () => {
    const slots = (steps: number) =>
      new Map([['fc8.weight.average', tensor([1], Float32Array.of(100 + steps))]]);
    const plan = {
      optimizer: { kind: 'sgd', momentum: 0, nesterov: false, average: 0.9 },
    } as const;
    const { seen } = await train({ plan, slots, sure: sureAfter(1, 2, 3) });
    expect(seen.measured).toEqual([102, 104, 106]);
    expect(seen.bests.map(({ weight }) => weight)).toEqual([102, 104, 106]);
    expect(seen.lasts.map(({ state }) => state.weights)).toEqual([2, 4, 6].map(weightsOf));
  });
});

describe('a start that may be the best', () => {
  const plan = { startIsCandidate: true };

  it('is measured and kept before the first step', async () => {
    const { seen, outcome } = await train({ plan });
    expect(seen.bests.map(({ weight, progress }) => [weight, progress.epoch])).toEqual([[0, 0]]);
    expect(seen.bests[0]?.progress.before?.loss).toBeCloseTo(Math.log(3), 6);
    expect(outcome.bestEpoch).toBe(-1);
    expect(seen.lasts.at(-1)?.progress.before).toEqual(seen.bests[0]?.progress.before);
  });

  it('gives way to any epoch that is better', async () => {
    const { seen, outcome } = await train({ plan, sure: sureAfter(0, 0.01) });
    expect(seen.bests.map(({ weight }) => weight)).toEqual([0, 4]);
    expect(outcome.bestEpoch).toBe(1);
  });

  it.each([
    ['where there is nothing to measure it on', { plan, held: 0 }, 1],
    ['where it is not known to be good', {}, 1],
    ['in a warm-up', { plan, phases: [{ name: 'warm-up', epochs: 1 }, { epochs: 1 }] }, 1],
  ] as const)('is not kept %s', async (_, script, least) => {
    const { seen } = await train({ ...script, sure: sureAfter(5, 4, 3, 2) });
    const early = seen.bests.filter(({ progress }) => progress.epoch < least);
    expect(early.filter(({ progress }) => progress.phase === 0)).toEqual([]);
  });

  it.each([{ epoch: 1, history: [{ loss: 1 }] }, { batch: 1 }, { before: { loss: 1 } }])(
    'is not measured again by a resumed run: %j',
    async (changes) => {
      const state = { step: 2, weights: weightsOf(2), slots: new Map() };
      const resume = { progress: { ...START, ...changes }, state };
      const { seen } = await train({ plan, job: { resume } });
      expect(seen.bests.filter(({ progress }) => progress.epoch === 0)).toEqual([]);
    },
  );

  it('counts, while training is no better, towards stopping early', async () => {
    const config = { earlyStop: EARLY('loss', 2) };
    const { seen } = await train({ plan, config, phases: [{ epochs: 9 }] });
    expect(eventsOf(seen, 'early-stop')[0]).toMatchObject({ epoch: 2, bestEpoch: 0 });
  });

  it('that was solved is left only for what is better by more than chance', async () => {
    // One image of four is much better, the others are a little worse.
    const sure = (steps: number, image: number) => (steps === 0 ? 1 : image === 0 ? 3 : 0.9);
    const unsure = await train({ plan: { ...plan, solvedFrom: 1 }, sure });
    expect(unsure.outcome.bestEpoch).toBe(-1);
    expect(unsure.seen.lasts.at(-1)?.progress.clear).toEqual([false, false, false]);
    expect(unsure.seen.bests[0]?.progress).toMatchObject({ clear: [], before: {} });
    expect(unsure.seen.bests[0]?.progress.startLosses).toHaveLength(4);
    expect(unsure.outcome.history[0]).toHaveProperty('calibrated_loss');
    const clear = (steps: number, image: number) => (steps === 0 ? image / 100 : 5);
    const better = await train({ plan: { ...plan, solvedFrom: 1 }, sure: clear });
    expect(better.seen.lasts[0]?.progress.clear).toEqual([true]);
    expect(better.outcome.bestEpoch).toBe(0);
  });
});

describe('training that makes a good start worse', () => {
  const plan = { startIsCandidate: true };

  it.each([
    ['training loss', { loss: (step: number) => (step > 2 ? 9 : 1) }],
    ['validation loss', { sure: (steps: number) => (steps > 2 ? -20 : 0) }],
  ])('is stopped where the %s climbs, and the start is kept', async (_, script) => {
    const { seen, outcome } = await train({ plan, phases: [{ epochs: 9 }], ...script });
    expect(outcome.history).toHaveLength(2);
    expect(outcome.bestEpoch).toBe(-1);
    expect(seen.lasts.at(-1)?.progress.stopped).toBe(true);
    const [warning, ...more] = eventsOf(seen, 'warning');
    expect(more).toEqual([]);
    expect(warning).toMatchObject({
      code: 'training-diverged',
      message: expect.stringMatching(/from 1\.10 to (9\.00|15\.9)/),
    });
  });

  it('is stopped where its numbers leave the range, and the start is kept', async () => {
    const loss = (step: number) => (step === 4 ? Number.NaN : 1);
    const { seen, outcome } = await train({ plan, phases: [{ epochs: 9 }], loss });
    expect(outcome.history).toHaveLength(1);
    expect(outcome.bestEpoch).toBe(-1);
    expect(eventsOf(seen, 'warning')[0]?.message).toMatch(/the loss is not a finite number/);
  });

  it('does not go on when it is resumed', async () => {
    const state = { step: 2, weights: weightsOf(2), slots: new Map() };
    const progress = { ...START, epoch: 1, history: [{ loss: 9 }], before: { loss: 1 } };
    const resume = { progress: { ...progress, stopped: true }, state };
    const { seen } = await train({ plan, job: { resume } });
    expect(seen.rates).toEqual([]);
  });
});

describe('numbers that leave the range', () => {
  const slots = (steps: number) =>
    new Map([['fc8.weight.m', tensor([1], Float32Array.of(steps > 2 ? Number.NaN : 0))]]);

  it.each([
    ['the loss', { loss: (step: number) => (step === 4 ? Number.POSITIVE_INFINITY : 1) }],
    ['a weight', { weight: (steps: number) => (steps > 2 ? Number.NaN : 1) }],
    ['a slot of the optimizer', { slots }],
    ['the validation loss', { sure: (steps: number) => (steps > 2 ? Number.NaN : 1) }],
  ])(
    'end a run that has nothing better, with the last good checkpoint: %s',
    async (what, script) => {
      const { seen, error } = await failing(script);
      expect(error).toMatchObject({
        kind: 'usage',
        message: expect.stringContaining(`: ${what} `),
        details: {
          where: expect.stringMatching(/^main, epoch 2, step \d$/),
          fix: expect.stringContaining('the last good checkpoint is kept'),
        },
      });
      expect(seen.lasts.map(({ progress }) => progress.epoch)).toEqual([1]);
      expect(seen.calls.slice(-2)).toEqual(['release program', 'release sources']);
    },
  );
});

describe('a run that is interrupted', () => {
  it('after a step, keeps where it stands', async () => {
    const controller = new AbortController();
    const onStep = (step: number) => step === 3 && controller.abort();
    const { seen, error } = await failing({ onStep, job: { signal: controller.signal } });
    expect(error).toMatchObject({
      kind: 'interrupted',
      details: { where: 'main, epoch 2 of 3, after step 1' },
    });
    expect(seen.lasts.at(-1)).toMatchObject({
      progress: { epoch: 1, batch: 1, sums: { images: 4, loss: 4, correct: expect.any(Number) } },
      state: { weights: weightsOf(3) },
    });
  });

  it('while it is validated, keeps the steps, and validates again', async () => {
    const controller = new AbortController();
    const onPredict = (steps: number) => steps === 4 && controller.abort();
    const script = { onPredict, sure: sureAfter(1, 2, 3) };
    const { seen } = await failing({ ...script, job: { signal: controller.signal } });
    const resume = seen.lasts.at(-1);
    expect(resume?.progress).toMatchObject({ epoch: 1, batch: 2, history: [{ accuracy: 1 }] });
    expect(seen.bests.map(({ weight }) => weight)).toEqual([2]);
    const { seen: rest, outcome } = await train({
      sure: (steps) => steps + 2,
      job: { ...(resume !== undefined && { resume }) },
    });
    expect(rest.rates).toHaveLength(2);
    expect(rest.bests.map(({ weight }) => weight)).toEqual([4, 6]);
    expect(outcome.history).toHaveLength(3);
    expect(eventsOf(rest, 'train-start')[0]?.stepsDone).toBe(2);
  });

  it('while its start is measured, has made no step', async () => {
    const controller = new AbortController();
    const plan = { startIsCandidate: true };
    const onPredict = () => controller.abort();
    const { seen, error } = await failing({ plan, onPredict, job: { signal: controller.signal } });
    expect(error).toMatchObject({ kind: 'interrupted' });
    expect([seen.bests, seen.rates]).toEqual([[], []]);
    expect(seen.lasts.map(({ progress }) => progress)).toEqual([START]);
  });

  it('before it has begun makes no step', async () => {
    const { seen, error } = await failing({ job: { signal: AbortSignal.abort() } });
    expect(error).toMatchObject({ kind: 'interrupted' });
    expect(seen.rates).toEqual([]);
  });
});

describe('checkpoints by time', () => {
  it('are made between steps when so much time has gone by since the last', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const script = {
      images: 24,
      phases: [{ epochs: 2 }],
      config: { checkpointEvery: '10s' },
      onStep: () => void vi.advanceTimersByTime(4000),
    };
    const { seen } = await train(script);
    // Every third of six steps; the end of an epoch counts as one.
    const places = seen.lasts.map(({ progress: { epoch, batch } }) => [epoch, batch]);
    expect(places).toEqual([
      [0, 3],
      [1, 0],
      [1, 3],
      [2, 0],
    ]);
    expect(eventsOf(seen, 'epoch')[0]?.seconds).toBe(24);
  });
});

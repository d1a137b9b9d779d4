import { describe, expect, it } from 'vitest';
import { type ScheduleConfig, scheduleFactor } from '../../src/training/schedules.ts';
import golden from '../golden/schedules.json' with { type: 'json' };

const base: ScheduleConfig = {
  kind: 'constant',
  warmup: 0,
  every: 10,
  factor: 0.1,
  patience: 3,
  floor: 0,
};

function run(schedule: Partial<ScheduleConfig>, epochs: number, stepsPerEpoch: number): number[] {
  return Array.from({ length: epochs * stepsPerEpoch }, (_, step) =>
    scheduleFactor({ ...base, ...schedule }, { step, stepsPerEpoch, epochs, history: [] }),
  );
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(value, `step ${i}`).toBeCloseTo(expected[i] ?? Number.NaN, 10);
  });
}

describe('schedules against PyTorch', () => {
  it.each([
    ['3x7', 3, 7],
    ['10x4', 10, 4],
    ['1x25', 1, 25],
  ] as const)('one-cycle over %s steps is OneCycleLR', (name, epochs, steps) => {
    expectClose(run({ kind: 'one-cycle' }, epochs, steps), golden.oneCycle[name]);
  });

  it('cosine is CosineAnnealingLR', () => {
    expectClose(run({ kind: 'cosine', floor: 0.05 }, 3, 10), golden.cosine);
  });

  it('step is StepLR', () => {
    expectClose(run({ kind: 'step', every: 2, factor: 0.3 }, 7, 5), golden.step);
  });

  it('plateau is ReduceLROnPlateau', () => {
    const { losses, factors } = golden.plateau;
    const actual = factors.map((_, epoch) =>
      scheduleFactor(
        { ...base, kind: 'plateau', patience: 2, factor: 0.5 },
        { step: epoch * 4, stepsPerEpoch: 4, epochs: 20, history: losses.slice(0, epoch) },
      ),
    );
    expectClose(actual, factors);
  });
});

describe('warm-up', () => {
  it('rises linearly to the peak and hands over to the schedule', () => {
    const factors = run({ kind: 'cosine', warmup: 1 }, 3, 4);
    expectClose(factors.slice(0, 5), [0.25, 0.5, 0.75, 1, 1]);
    expect(factors[11]).toBeCloseTo(0.5 * (1 + Math.cos((Math.PI * 7) / 8)), 12);
  });

  it('takes a share of an epoch', () => {
    expectClose(run({ warmup: 0.5 }, 1, 4), [0.5, 1, 1, 1]);
  });
});

describe('after its last step', () => {
  it('cosine stays at its floor', () => {
    const at = { step: 40, stepsPerEpoch: 10, epochs: 3, history: [] };
    expect(scheduleFactor({ ...base, kind: 'cosine', floor: 0.05 }, at)).toBeCloseTo(0.05, 12);
  });

  it('cosine is at its peak where the warm-up takes all of it', () => {
    const at = { step: 10, stepsPerEpoch: 10, epochs: 1, history: [] };
    expect(scheduleFactor({ ...base, kind: 'cosine', warmup: 1 }, at)).toBe(1);
  });
});

describe('plateau', () => {
  const factor = (history: number[], patience: number) =>
    scheduleFactor(
      { ...base, kind: 'plateau', patience, factor: 0.5 },
      { step: 0, stepsPerEpoch: 1, epochs: 20, history },
    );

  it('wants a loss that is lower by more than a ten-thousandth', () => {
    expect(factor([1, 0.99991, 0.99991], 1)).toBe(0.5);
    expect(factor([1, 0.99989, 0.99989], 1)).toBe(1);
    expect(factor([1, 1], 0)).toBe(0.5);
  });

  it('counts anew after a drop, and after progress', () => {
    expect(factor([1, 2, 2, 2], 1)).toBe(0.5);
    expect(factor([1, 2, 2, 2, 2], 1)).toBe(0.25);
    expect(factor([1, 2, 0.5, 2], 1)).toBe(1);
  });
});

it('one-cycle has no warm-up beside its own', () => {
  expect(run({ kind: 'one-cycle', warmup: 2 }, 3, 7)).toEqual(run({ kind: 'one-cycle' }, 3, 7));
});

it('every kind stays finite for a run of one step', () => {
  for (const kind of ['constant', 'step', 'cosine', 'one-cycle', 'plateau'] as const) {
    const [factor] = run({ kind }, 1, 1);
    expect(factor, kind).toBeGreaterThan(0);
    expect(factor, kind).toBeLessThanOrEqual(1);
  }
});

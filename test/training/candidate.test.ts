import { describe, expect, it } from 'vitest';
import { type NamedTensors, tensor } from '../../src/base/tensor.ts';
import type { TrainingState } from '../../src/engines/engine.ts';
import { asCandidate, candidateWeights, interpolated } from '../../src/training/candidate.ts';
import type { PhaseRun } from '../../src/training/job.ts';

const of = (...numbers: number[]): NamedTensors =>
  new Map([['fc8.weight', tensor([numbers.length], Float32Array.from(numbers))]]);
const numbersOf = (weights: NamedTensors) => [...(weights.get('fc8.weight')?.data ?? [])];

describe('interpolated', () => {
  it('lies between two networks, and is each of them at its end', () => {
    expect(numbersOf(interpolated(of(1, 2), of(3, -2), 0.25))).toEqual([2.5, -1]);
    expect(numbersOf(interpolated(of(1, 2), of(3, -2), 1))).toEqual([1, 2]);
    expect(numbersOf(interpolated(of(1, 2), of(0.1, -2), 0))).toEqual(numbersOf(of(0.1, -2)));
  });

  it('leaves what both have as it is, bit for bit', () => {
    const same = of(0.1, 1e-30, -7.3);
    expect(numbersOf(interpolated(same, same, 0.37))).toEqual(numbersOf(same));
  });

  it('changes neither of them, and keeps a tensor that the first lacks', () => {
    const [first, second] = [of(1), of(3)];
    interpolated(first, second, 0.5);
    expect([numbersOf(first), numbersOf(second)]).toEqual([[1], [3]]);
    expect(numbersOf(interpolated(new Map(), second, 0.5))).toEqual([3]);
  });
});

describe('a candidate', () => {
  const runOf = (share: number, { solved = true, name = 'main' } = {}) => {
    let state: TrainingState = { step: 4, weights: of(3), slots: of(9) };
    const program = { state: () => state, load: (next: TrainingState) => (state = next) };
    return {
      job: { plan: { ...(solved && { solvedFrom: 1 }) }, config: { startShare: share } },
      phase: { name },
      firstWeights: of(1),
      program,
    } as unknown as PhaseRun;
  };

  it('is measured as the average, and training goes on where it was, after a failure too', async () => {
    const run = runOf(0.5);
    const before = run.program.state();
    expect(await asCandidate(run, async () => numbersOf(run.program.state().weights))).toEqual([2]);
    expect(run.program.state()).toEqual(before);
    const failure = asCandidate(run, async () => Promise.reject(new Error('no image')));
    await expect(failure).rejects.toThrow('no image');
    expect(run.program.state()).toEqual(before);
  });

  it.each([
    ['without a share', 0, {}],
    ['of a head that took steps', 0.5, { solved: false }],
    ['in a warm-up', 0.5, { name: 'warm-up' }],
  ] as const)('is what was trained %s', async (_, share, options) => {
    expect(numbersOf(candidateWeights(runOf(share, options)))).toEqual([3]);
  });
});

import { describe, expect, it } from 'vitest';
import { type NamedTensors, tensor } from '../../src/base/tensor.ts';
import type { TrainingState } from '../../src/engines/engine.ts';
import { asCandidate, candidateWeights } from '../../src/training/candidate.ts';
import type { PhaseRun } from '../../src/training/job.ts';

const of = (name: string, ...numbers: number[]): NamedTensors =>
  new Map([[name, tensor([numbers.length], Float32Array.from(numbers))]]);
const numbersOf = (weights: NamedTensors) =>
  Object.fromEntries([...weights].map(([name, { data }]) => [name, [...data]]));

/** A run whose program has a trained weight of 3 with the average 2, and a frozen weight of 7. */
function runOf(average: number | undefined, name = 'main'): PhaseRun {
  let state: TrainingState = {
    step: 4,
    weights: new Map([...of('fc8.weight', 3), ...of('conv1_1.weight', 7)]),
    slots: new Map([...of('fc8.weight.m', 9), ...of('fc8.weight.average', 2)]),
  };
  const program = {
    state: async () => state,
    load(next: TrainingState) {
      state = next;
    },
  };
  const optimizer = { kind: 'adam', ...(average !== undefined && { average }) };
  return { job: { plan: { optimizer } }, phase: { name }, program } as unknown as PhaseRun;
}

const candidateOf = async (run: PhaseRun) => candidateWeights(run, await run.program.state());

describe('a candidate', () => {
  it('has the average of what is trained, and the rest as it is', async () => {
    const averaged = { 'fc8.weight': [2], 'conv1_1.weight': [7] };
    expect(numbersOf(await candidateOf(runOf(0.9)))).toEqual(averaged);
  });

  it.each([
    ['where no average is kept', runOf(undefined)],
    ['in a warm-up, which begins at random numbers', runOf(0.9, 'warm-up')],
  ])('is what was trained %s', async (_, run) => {
    const trained = { 'fc8.weight': [3], 'conv1_1.weight': [7] };
    expect(numbersOf(await candidateOf(run))).toEqual(trained);
    const seen = await asCandidate(run, async () => numbersOf((await run.program.state()).weights));
    expect(seen).toEqual(trained);
  });

  it('is measured as the average, and training goes on where it was, after a failure too', async () => {
    const run = runOf(0.9);
    const before = await run.program.state();
    const seen = await asCandidate(run, async () => numbersOf((await run.program.state()).weights));
    expect(seen['fc8.weight']).toEqual([2]);
    expect(await run.program.state()).toEqual(before);
    const failure = asCandidate(run, async () => Promise.reject(new Error('no image')));
    await expect(failure).rejects.toThrow('no image');
    expect(await run.program.state()).toEqual(before);
  });
});

import { describe, expect, it } from 'vitest';
import { type NamedTensors, tensor } from '../../src/base/tensor.ts';
import { allFinite, type Checkpoint, START } from '../../src/training/checkpoint.ts';
import { expectFits } from '../../src/training/checkpoint-fit.ts';

const of = (shapes: Readonly<Record<string, readonly number[]>>): NamedTensors =>
  new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, tensor(shape, new Float32Array(count))];
    }),
  );

const state = { step: 1, weights: of({}), slots: of({}) };
const resume: Checkpoint = { progress: START, state, path: 'runs/x/last' };
const wanted = of({ a: [2, 3], b: [2] });

describe('the tensors of a checkpoint', () => {
  it('fit where they are all of the network, or where some of them are enough', () => {
    expect(() => expectFits(wanted, { wanted, resume, whole: true })).not.toThrow();
    expect(() => expectFits(of({ b: [2] }), { wanted, resume })).not.toThrow();
    expect(() => expectFits(of({}), { wanted, resume: undefined })).not.toThrow();
  });

  it.each([
    ['of another network', { c: [1] }, 'a tensor c'],
    ['of another size', { a: [3, 3] }, 'a as [3,3]'],
    ['turned', { a: [3, 2] }, 'a as [3,2]'],
    ['of other dimensions', { a: [6] }, 'a as [6]'],
  ])('%s are refused by the name', (_, shapes, found) => {
    expect(() => expectFits(of(shapes), { wanted, resume })).toThrow(
      expect.objectContaining({
        kind: 'data',
        message: 'runs/x/last does not belong to this run',
        details: expect.objectContaining({ found, where: 'runs/x/last' }),
      }),
    );
  });

  it('are refused where one lacks and all are wanted', () => {
    expect(() => expectFits(of({ b: [2] }), { wanted, resume: undefined, whole: true })).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ found: 'no tensor a', where: 'checkpoints' }),
      }),
    );
  });
});

describe('numbers that are not finite', () => {
  const plus = Number.POSITIVE_INFINITY;
  const numbers = (...values: number[]) =>
    new Map([
      ['first', tensor([1], Float32Array.of(1))],
      ['second', tensor([values.length], Float32Array.from(values))],
    ]);

  it.each([[[1, -2, 0]], [[3e38, 3e38, 3e38]], [[]]])('are not among %j', (values) => {
    expect(allFinite(numbers(...values))).toBe(true);
  });

  it.each([[[Number.NaN, 1]], [[1, plus]], [[plus, -plus]]])('are found in %j', (values) => {
    expect(allFinite(numbers(...values))).toBe(false);
  });
});

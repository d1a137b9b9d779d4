import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  choiceSource,
  combinationCount,
  combinationName,
  combinations,
  readMatrix,
} from '../../src/batch/matrix.ts';

const placeOf = (path: string) => `sweep.yaml: ${path}`;
const read = (matrix: unknown) => readMatrix(matrix, placeOf);

describe('readMatrix', () => {
  it('takes dotted and nested keys alike', () => {
    const dotted = read({ 'optimizer.learningRate': [0.1, 0.01] });
    const nested = read({ optimizer: { learningRate: [0.1, 0.01] } });
    expect(dotted.axes).toEqual([{ path: 'optimizer.learningRate', values: [0.1, 0.01] }]);
    expect(nested).toEqual(dotted);
  });

  it.each([
    ['a value without a list', { epochs: 5 }, 'a list of values'],
    ['an empty list', { epochs: [] }, 'at least one value'],
    ['no group', [1, 2], 'keys with lists of values'],
  ])('refuses %s', (_what, matrix, expected) => {
    const { issues } = read(matrix);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.expected).toContain(expected);
  });

  it('refuses a value twice, a key twice, and the folder as a key', () => {
    const matrix = { seed: [1, 1], 'head.kind': ['mlp'], head: { kind: ['vgg'] }, out: ['a'] };
    expect(
      read(matrix)
        .issues.map(({ path }) => path)
        .sort(),
    ).toEqual(['matrix.head.kind', 'matrix.out', 'matrix.seed']);
  });
});

describe('a key that every object has', () => {
  it('is an axis like another, which no run takes', () => {
    expect(read({ constructor: [1, 2] })).toMatchObject({
      axes: [{ path: 'constructor' }],
      issues: [],
    });
    const source = choiceSource([{ path: 'constructor.name', value: 'x' }], {
      origin: 'a',
      placeOf,
    });
    expect(source.values).toEqual({ constructor: { name: 'x' } });
    expect(Object.name).toBe('Object');
  });

  it.each(['__proto__.polluted', 'head.__proto__.polluted'])('%s reaches no prototype', (path) => {
    expect(read(JSON.parse(`{"${path}": [1, 2]}`)).issues).toHaveLength(1);
    choiceSource([{ path, value: 1 }], { origin: 'a', placeOf });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('combinations', () => {
  it('are all different, as many as counted, and have different names', () => {
    const value = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null));
    const axis = fc.uniqueArray(value, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 4 }), (lists) => {
        const axes = lists.map((values, at) => ({ path: `key${at}`, values }));
        const names = [...combinations(axes)].map(combinationName);
        expect(names).toHaveLength(combinationCount(axes));
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  it('have names that a person reads and a file system takes', () => {
    const name = (path: string, value: unknown) => combinationName([{ path, value }]);
    expect(name('optimizer.learningRate', 0.01)).toBe('learningRate=0.01');
    expect(name('weights', '../files/vgg16 (1).pth')).toBe('weights=vgg16-1-.pth');
    expect(name('head', { kind: 'mlp', hidden: 64 })).toBe('head=kind-mlp-hidden-64');
    expect(name('earlyStop', null)).toBe('earlyStop=none');
    const alike = [
      { path: 'schedule.patience', value: 3 },
      { path: 'earlyStop.patience', value: 5 },
    ];
    expect(combinationName(alike)).toBe('schedule.patience=3_earlyStop.patience=5');
  });

  it('lie over the file as one source that knows where each value stands', () => {
    const choices = [
      { path: 'optimizer.learningRate', value: 0.1 },
      { path: 'optimizer.kind', value: 'sgd' },
    ];
    const source = choiceSource(choices, { origin: 'sweep.yaml', placeOf });
    expect(source.values).toEqual({ optimizer: { learningRate: 0.1, kind: 'sgd' } });
    expect(source.placeOf?.('optimizer.kind')).toBe('sweep.yaml: optimizer.kind');
    expect(source.placeOf?.('epochs')).toBeUndefined();
  });
});

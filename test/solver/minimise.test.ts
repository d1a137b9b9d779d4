import { describe, expect, it } from 'vitest';
import { minimise, type Objective } from '../../src/solver/minimise.ts';

/** Half the sum of `curvatures[i] * (x[i] - 1)^2`: the minimum is at ones, whatever the curvatures. */
function bowl(curvatures: readonly number[]): Objective {
  return async (point) => {
    const away = point.map((x) => x - 1);
    return {
      value: away.reduce((sum, d, i) => sum + ((curvatures[i] ?? 0) * d * d) / 2, 0),
      gradient: away.map((d, i) => (curvatures[i] ?? 0) * d),
    };
  };
}

const options = (size: number) => ({
  start: new Float64Array(size),
  tolerance: 1e-6,
  iterations: 500,
  gain: 0,
});

describe('minimise', () => {
  it('finds the minimum of a bowl that is a thousand times as steep one way as another', async () => {
    const curvatures = Array.from({ length: 20 }, (_, i) => 10 ** ((3 * i) / 19));
    const found = await minimise(bowl(curvatures), options(20));
    for (const x of found.point) expect(x).toBeCloseTo(1, 3);
    expect(found.iterations).toBeLessThan(200);
  });

  it('takes a fifth of the steps where it is told about how steep each way is', async () => {
    const curvatures = Array.from({ length: 20 }, (_, i) => 10 ** ((3 * i) / 19));
    const about = () => Float64Array.from(curvatures, (c, i) => (i % 2 === 0 ? 1.5 : 0.7) * c);
    const blind = await minimise(bowl(curvatures), options(20));
    const told = await minimise(bowl(curvatures), { ...options(20), curvatures: about });
    for (const x of told.point) expect(x).toBeCloseTo(1, 3);
    expect(told.iterations).toBeLessThan(blind.iterations / 5);
  });

  it('stops at once where it begins at the minimum', async () => {
    const start = new Float64Array(5).fill(1);
    const found = await minimise(bowl([1, 2, 3, 4, 5]), { ...options(5), start });
    expect(found).toMatchObject({ iterations: 0, converged: true, value: 0 });
  });

  it('ends within a bounded number of evaluations where the value is noise at its end', async () => {
    let evaluations = 0;
    const noisy: Objective = async (point) => {
      evaluations++;
      const exact = await bowl([1e3, 1e3, 1e3])(point);
      return { ...exact, value: 1 + Math.fround(exact.value) + 1e-7 * Math.sin(evaluations) };
    };
    const found = await minimise(noisy, { ...options(3), tolerance: 1e-12, gain: 2 ** -23 });
    expect(evaluations).toBeLessThan(60);
    for (const x of found.point) expect(x).toBeCloseTo(1, 4);
  });
});

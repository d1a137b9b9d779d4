import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../src/pipeline/batcher.ts';

/** Gives each image its first pixel, doubled, from one buffer that every pass writes again. */
function program(delay: () => Promise<void> = async () => {}) {
  const passes: number[] = [];
  const buffer = new Float32Array(8);
  return {
    passes,
    run: async (pixels: Uint8Array | Float32Array, count: number) => {
      passes.push(count);
      await delay();
      const size = pixels.length / count;
      for (let i = 0; i < count; i++) buffer[i] = 2 * (pixels[i * size] ?? 0);
      return buffer.subarray(0, count);
    },
  };
}

const image = (value: number) => Uint8Array.from([value, 0, 0]);

describe('calls that overlap', () => {
  it('go through together, at most a batch at once, and each has its own row', async () => {
    const own = program();
    const batcher = createBatcher(own, 3);
    const rows = await Promise.all([1, 2, 3, 4, 5].map((value) => batcher.run(image(value))));
    expect(rows.map((row) => [...row])).toEqual([[2], [4], [6], [8], [10]]);
    expect(own.passes).toEqual([3, 2]);
  });

  it('wait for the pass that is under way', async () => {
    let release = () => {};
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const own = program(() => blocked);
    const batcher = createBatcher(own, 4);
    const first = batcher.run(image(1));
    await new Promise((resolve) => setImmediate(resolve));
    const others = [batcher.run(image(2)), batcher.run(image(3))];
    release();
    expect([...(await first)]).toEqual([2]);
    expect((await Promise.all(others)).map((row) => row[0])).toEqual([4, 6]);
    expect(own.passes).toEqual([1, 2]);
  });

  it('that are given up before their turn are not computed', async () => {
    const own = program();
    const batcher = createBatcher(own, 4);
    const gone = batcher.run(image(1), AbortSignal.abort(new Error('given up')));
    const kept = batcher.run(image(2));
    await expect(gone).rejects.toThrow('given up');
    expect([...(await kept)]).toEqual([4]);
    expect(own.passes).toEqual([1]);
  });

  it('all learn of an error, and the next pass goes on', async () => {
    let fails = true;
    const own = program(async () => {
      if (fails) throw new Error('no memory');
    });
    const batcher = createBatcher(own, 4);
    const both = await Promise.allSettled([batcher.run(image(1)), batcher.run(image(2))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect([...(await batcher.run(image(3)))]).toEqual([6]);
    await batcher.idle();
  });
});

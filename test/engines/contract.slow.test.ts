import { beforeAll, describe, expect, it } from 'vitest';
import { type Engines, nameOf, runOnBoth } from './compare.ts';
import { onnxEngine, tensorFlowEngine } from './engines.ts';
import { ALL_CASES } from './tiny-cases.ts';

let engines: Engines;
beforeAll(async () => {
  engines = { one: await tensorFlowEngine(), other: await onnxEngine() };
});

describe('every strategy, head, optimizer, with and without batch norm', () => {
  it.each(ALL_CASES.map((one) => [nameOf(one), one] as const))(
    'is the same on both engines within 1e-3: %s',
    async (_name, one) => {
      const found = await runOnBoth(engines, one, 8);
      for (const [what, difference] of Object.entries(found)) {
        expect(difference, what).toBeLessThan(1e-3);
      }
    },
  );
});

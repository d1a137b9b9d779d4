import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { type Engines, nameOf, runOnBoth } from '../engines/compare.ts';
import { onnxEngine } from '../engines/engines.ts';
import { ALL_CASES, PAIRWISE_CASES } from '../engines/tiny-cases.ts';

const TOLERANCE = 1e-4;

/** All 128 take ten minutes on a driver in software; by default a few in which every pair of values meets. */
const CASES = process.env.VGGTUNE_TEST_ALL === '1' ? ALL_CASES : PAIRWISE_CASES;

let engines: Engines;
beforeAll(async () => {
  const webgpu: Engine = await createOnnxEngine({ device: 'webgpu' });
  engines = { one: webgpu, other: await onnxEngine() };
});

describe('three steps on webgpu and on the CPU', () => {
  it.each(CASES.map((one) => [nameOf(one), one] as const))(
    'give the same losses, parameters and slots: %s',
    async (_name, one) => {
      const found = await runOnBoth(engines, one, 3);
      for (const [what, difference] of Object.entries(found)) {
        expect(difference, what).toBeLessThan(TOLERANCE);
      }
    },
  );
});

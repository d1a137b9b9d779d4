import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine, TrainingProgram } from '../../src/engines/engine.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { buildFromRow } from '../../src/network/build.ts';
import { randomWeights } from '../../src/weights/initialise.ts';
import { differences } from '../engines/compare.ts';
import { onnxEngine } from '../engines/engines.ts';
import { relativeError } from '../engines/onnx/closeness.ts';
import { batchesAt, type Case, prepare, runSteps } from '../engines/tiny-cases.ts';

let webgpu: Engine;
let cpu: Engine;
beforeAll(async () => {
  webgpu = await createOnnxEngine({ device: 'webgpu' });
  cpu = await onnxEngine();
});

const CASES: readonly Case[] = [
  { strategy: 'all', head: 'mlp', optimizer: 'adamw', batchNorm: true },
  { strategy: 'top', head: 'vgg', optimizer: 'nesterov', batchNorm: false },
];

describe('a checkpoint', () => {
  it.each(CASES)('goes on from the CPU to webgpu and back: $strategy, $optimizer', async (one) => {
    const { request, rates } = prepare(one);
    const batches = await batchesAt(cpu, request);
    const whole = await cpu.compileTraining(request);
    const uninterrupted = await runSteps(whole, { batches, rates }, [0, 6]);
    const programs: TrainingProgram[] = [whole];
    let state = (await runSteps(await compiled(cpu), { batches, rates }, [0, 2])).state;
    for (const [engine, from] of [
      [webgpu, 2],
      [cpu, 4],
    ] as const) {
      const program = await compiled(engine);
      program.load(state);
      // A state that was carried to a device, or is about to be, comes back bit for bit.
      expect(await program.state()).toEqual(state);
      await program.predict(batches[0]?.rows ?? new Float32Array(), 1);
      expect(await program.state()).toEqual(state);
      const outcome = await runSteps(program, { batches, rates }, [from, from + 2]);
      state = outcome.state;
      if (from === 4) {
        const { losses: _, ...found } = differences(
          { ...outcome, losses: [] },
          { ...uninterrupted, losses: [] },
        );
        for (const [what, difference] of Object.entries(found)) {
          expect(difference, what).toBeLessThan(1e-4);
        }
      }
    }
    for (const program of programs) await program.release();

    async function compiled(engine: Engine): Promise<TrainingProgram> {
      const program = await engine.compileTraining(request);
      programs.push(program);
      return program;
    }
  });
});

describe('the solver of a head', () => {
  it('gets the same scores and gradients from both', async () => {
    const features = Float32Array.from({ length: 40 }, (_, at) => Math.sin(at * at));
    const request = { features, labels: [0, 1, 2, 1, 0, 2, 2, 1], inputs: 5, classes: 3 };
    const parameters = Float32Array.from({ length: 18 }, (_, at) => Math.cos(at));
    const found = await Promise.all(
      [webgpu, cpu].map(async (engine) => {
        const program = await engine.compileLinear(request);
        // Twice: the samples stay on the device.
        await program.evaluate(parameters, new Float32Array(8).fill(1));
        const { logProbabilities, gradient } = await program.evaluate(
          parameters,
          new Float32Array(8).fill(0.125),
        );
        const copies = [logProbabilities.slice(), gradient.slice()];
        await program.release();
        return copies;
      }),
    );
    const [a = [], b = []] = found;
    b.forEach((expected, at) => {
      expect(relativeError(a[at] ?? [], expected)).toBeLessThan(1e-5);
    });
  });
});

// Two minutes on a driver in software, where a step of any network takes a fraction of a second.
describe.runIf(process.env.VGGTUNE_TEST_ALL === '1')('memory', () => {
  /** Some 330 kB of parameters: a step that lets one set of them, their gradients or slots go astray takes 66 MB in all. */
  const HIDDEN = 4096;
  const STEPS = 200;

  /** Of two rows a pass, gradients are summed: more tensors than with one pass. */
  const ROWS = [4, 2];

  it.each(ROWS)('stays what it is over 200 steps, %i rows a pass', async (microBatch) => {
    const network = buildFromRow(
      {
        name: 'wide',
        convolutions: [1],
        widths: [16],
        batchNorm: false,
        size: 8,
        headMap: 4,
        denseWidth: undefined,
      },
      {
        head: { kind: 'mlp', dropout: 0, hidden: HIDDEN },
        classes: 3,
        preprocessing: {
          ...{ channels: 'rgb', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
          ...{ size: 8, resize: 8 },
        },
      },
    );
    const names = [...randomWeights(network, 1).keys()];
    const program = await webgpu.compileTraining({
      network,
      from: 0,
      weights: randomWeights(network, 1),
      groups: [{ name: 'all', parameters: names, weightDecay: 0 }],
      optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      loss: { labelSmoothing: 0 },
      batchSize: 4,
      microBatch,
    });
    const bytes = 4 * names.reduce((sum, name) => sum + sizeOf(name), 0);
    const batch = {
      rows: Uint8Array.from({ length: 4 * 8 * 8 * 3 }, (_, at) => (at * 31) % 256),
      count: 4,
      targets: Float32Array.from({ length: 12 }, (_, at) => (at % 4 === 0 ? 1 : 0)),
      weights: new Float32Array(4).fill(0.25),
      dropout: new Map(
        network.layers.flatMap((layer, at): [string, Float32Array][] =>
          layer.kind === 'dropout'
            ? [[layer.name, new Float32Array(4 * size(network.shapes[at])).fill(1)]]
            : [],
        ),
      ),
    };
    for (let step = 0; step < 20; step++) await program.step(batch, [1e-4]);
    // On a driver in software the memory of the device is the process's own.
    const before = process.memoryUsage().rss;
    for (let step = 0; step < STEPS; step++) await program.step(batch, [1e-4]);
    const grown = process.memoryUsage().rss - before;
    await program.release();
    expect(bytes).toBeGreaterThan(200_000);
    // One set a step would be two hundred.
    expect(grown).toBeLessThan(40 * bytes);

    function sizeOf(name: string): number {
      return randomWeights(network, 1).get(name)?.data.length ?? 0;
    }
    function size(shape: readonly number[] = []): number {
      return shape.reduce((product, length) => product * length, 1);
    }
  });
});

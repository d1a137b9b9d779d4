import { describe, expect, it } from 'vitest';
import type { TrainingProgram, TrainingRequest } from '../../../src/engines/engine.ts';
import { STANDARD } from '../../../src/engines/onnx/lowering.ts';
import { compileTraining } from '../../../src/engines/onnx/training-program.ts';
import { WINOGRAD } from '../../../src/engines/onnx/winograd/index.ts';
import { relativeError } from './closeness.ts';
import { BATCH, batch, goldenRuns, requestOf, tensors } from './small-vgg.ts';

/** Twenty steps in float32 against PyTorch's in float64. */
const TOLERANCE = 1e-4;

const runs = [
  ...goldenRuns.map((run) => ({ run, lowering: STANDARD, title: run.name })),
  ...goldenRuns
    // A few of the small network's gradients are exactly 0 where sums of products are taken pixel by
    // pixel, and 2e-8 by Winograd; AdamW without decay divides each by its own size.
    .filter(({ optimizer }) => optimizer.kind !== 'adamw')
    .map((run) => ({ run, lowering: WINOGRAD, title: `${run.name}, Winograd` })),
];

async function train(program: TrainingProgram, rates: readonly number[][]): Promise<number[]> {
  const losses: number[] = [];
  for (const [index, learningRates] of rates.entries()) {
    losses.push((await program.step(batch(index), learningRates)).loss);
  }
  return losses;
}

describe.each(runs)('$title', ({ run, lowering }) => {
  const compile = (request: TrainingRequest) =>
    compileTraining(request, { device: 'cpu', lowering });
  // Batch norm in training mode is the one layer for which accumulation is another computation.
  const isBatchNorm = run.name.endsWith(', batch norm');
  const microBatches = isBatchNorm ? [BATCH] : [BATCH, 4, 1];

  it.each(microBatches)('follows PyTorch, %i rows a pass', async (microBatch) => {
    const program = await compile({ ...requestOf(run), microBatch });
    const losses = await train(program, run.learningRates);
    expect(run.losses).toHaveLength(20);
    losses.forEach((loss, step) => {
      expect(Math.abs(loss / (run.losses[step] ?? 0) - 1), `step ${step}`).toBeLessThan(TOLERANCE);
    });
    const { weights, step } = await program.state();
    expect(step).toBe(20);
    for (const [name, { shape, data }] of tensors(run.final)) {
      expect(weights.get(name)?.shape).toEqual(shape);
      expect(relativeError(weights.get(name)?.data ?? [], data), name).toBeLessThan(TOLERANCE);
    }
    const { rows, count } = batch(0);
    const predictions = await program.predict(rows, count);
    expect(relativeError(predictions, run.predictions)).toBeLessThan(TOLERANCE);
    await program.release();
  });

  it('trains what is in a group and nothing else', async () => {
    const program = await compile(requestOf(run));
    await train(program, run.learningRates.slice(0, 3));
    const { weights } = await program.state();
    const trained = new Set(run.groups.flatMap(({ parameters }) => parameters));
    for (const [name, { data }] of tensors(run.initial)) {
      const moves = trained.has(name) || (isBatchNorm && name.includes('running'));
      if (moves) expect(weights.get(name)?.data, name).not.toEqual(data);
      else expect(weights.get(name)?.data, name).toEqual(data);
    }
    await program.release();
  });

  it('repeats bit for bit, also from a saved state', async () => {
    const [first, second] = [requestOf(run), requestOf(run)];
    const whole = await compile(first);
    const before = await train(whole, run.learningRates.slice(0, 4));
    const saved = await whole.state();
    const after: number[] = [];
    for (const step of [4, 5, 6, 7]) {
      after.push((await whole.step(batch(step), run.learningRates[step] ?? [])).loss);
    }
    const resumed = await compile(second);
    expect(await train(resumed, run.learningRates.slice(0, 4))).toEqual(before);
    resumed.load(saved);
    expect(await resumed.state()).toEqual(saved);
    for (const step of [4, 5, 6, 7]) {
      const { loss } = await resumed.step(batch(step), run.learningRates[step] ?? []);
      expect(loss).toBe(after[step - 4]);
    }
    expect(await resumed.state()).toEqual(await whole.state());
    await whole.release();
    await resumed.release();
  });
});

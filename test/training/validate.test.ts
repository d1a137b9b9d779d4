import { describe, expect, it } from 'vitest';
import type { TrainingProgram } from '../../src/engines/engine.ts';
import type { RowSource } from '../../src/training/sample-source.ts';
import { score, validate } from '../../src/training/validate.ts';
import { rowSource } from './fixtures.ts';

/** A program whose logits are its rows. */
const program = {
  predict: async (rows: Float32Array) => rows,
} as unknown as TrainingProgram;

const LOGITS = [
  [0, 0],
  [Math.log(3), 0],
  [0, Math.log(3)],
].map((row) => Float32Array.from(row));
const source = rowSource([0, 0, 1], LOGITS);
const options = { batchSize: 2, classes: 2, signal: new AbortController().signal };

describe('a side that is measured', () => {
  it('has probabilities of every image, in order', async () => {
    const { scores, classes, labels } = await score(program, source, options);
    [0.5, 0.5, 0.75, 0.25, 0.25, 0.75].forEach((share, at) => {
      expect(scores[at]).toBeCloseTo(share, 6);
    });
    expect(scores).toHaveLength(6);
    expect([classes, labels]).toEqual([2, [0, 0, 1]]);
  });

  it('is measured without the images that cannot be read', async () => {
    const lossy: RowSource = {
      labels: [0, 0, 1],
      async *batches() {
        yield { rows: new Float32Array(), positions: [] };
        yield { rows: Float32Array.of(0, Math.log(3)), positions: [2] };
      },
    };
    const { scores, labels } = await score(program, lossy, options);
    expect(labels).toEqual([1]);
    expect([...scores].map((share) => share.toFixed(2))).toEqual(['0.25', '0.75']);
  });

  it('of which no image can be read has no figures', async () => {
    const lost: RowSource = { labels: [0], async *batches() {} };
    await expect(score(program, lost, options)).rejects.toMatchObject({ exitCode: 3 });
  });

  it('is measured as far as it came when it is interrupted', async () => {
    const controller = new AbortController();
    const first = {
      predict: async (rows: Float32Array) => {
        controller.abort();
        return rows;
      },
    } as unknown as TrainingProgram;
    const { labels } = await score(first, source, { ...options, signal: controller.signal });
    expect(labels).toEqual([0, 0]);
    const none: RowSource = { labels: [0], async *batches() {} };
    const nothing = await score(program, none, { ...options, signal: AbortSignal.abort() });
    expect(nothing.labels).toEqual([]);
  });
});

describe('figures', () => {
  it('are those of the probabilities', async () => {
    const { figures, losses } = await validate(program, source, { ...options, calibrated: false });
    const loss = -(Math.log(0.5) + 2 * Math.log(0.75)) / 3;
    expect(figures.loss).toBeCloseTo(loss, 6);
    expect(figures.accuracy).toBe(1);
    expect(losses).toEqual([]);
    expect('calibrated_loss' in figures).toBe(false);
  });

  it('have the calibrated loss where it is asked for: the mean of that of each image', async () => {
    const { figures, losses } = await validate(program, source, { ...options, calibrated: true });
    expect(losses).toHaveLength(3);
    const total = losses.reduce((sum, loss) => sum + loss, 0);
    expect(figures.calibrated_loss).toBeCloseTo(total / 3, 12);
    expect(figures.calibrated_loss).toBeLessThanOrEqual(figures.loss ?? 0);
  });
});

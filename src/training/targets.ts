import { createRng, type Rng } from '../base/rng.ts';
import type { TrainingBatch } from '../engines/engine.ts';
import type { RowBatch } from './sample-source.ts';

/**
 * Class weights that make every class count the same in all: images / (classes * images of the
 * class), as scikit-learn's `balanced`; 1 for a class without images.
 */
export function balancedWeights(labels: readonly number[], classes: number): Float32Array {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return Float32Array.from(counts, (count) =>
    count === 0 ? 1 : labels.length / (classes * count),
  );
}

/**
 * Weights of a batch's rows that make the loss the mean as PyTorch has it: the sum over the rows
 * divided by the sum of the weights of their classes (by their number, without class weights).
 */
export function rowWeights(
  targets: Float32Array,
  count: number,
  classWeights: Float32Array | undefined,
): Float32Array {
  const classes = targets.length / count;
  let total = count;
  if (classWeights !== undefined) {
    total = 0;
    targets.forEach((target, i) => {
      total += target * (classWeights[i % classes] ?? 0);
    });
  }
  return new Float32Array(count).fill(1 / total);
}

export interface MixedBatch {
  readonly rows: TrainingBatch['rows'];
  readonly targets: Float32Array;
}

/**
 * Mixup (Zhang et al. 2018): every row becomes share * itself + (1 - share) * another of its batch,
 * the share drawn once a batch from Beta(alpha, alpha), and its target likewise.
 */
export function mixUp(batch: RowBatch, targets: Float32Array, options: MixOptions): MixedBatch {
  const { alpha, keys } = options;
  const count = batch.positions.length;
  const rng = createRng('mixup', ...keys);
  const share = beta(rng, alpha);
  const partners = rng.shuffle(batch.positions.map((_, row) => row));
  return {
    rows: blend(batch.rows, { count, share, partners }) as TrainingBatch['rows'],
    targets: blend(targets, { count, share, partners }) as Float32Array,
  };
}

interface MixOptions {
  readonly alpha: number;
  /** The keys of the random stream. */
  readonly keys: readonly (string | number)[];
}

function blend(
  rows: Float32Array | Uint8Array,
  mix: { readonly count: number; readonly share: number; readonly partners: readonly number[] },
): Float32Array | Uint8Array {
  const length = rows.length / mix.count;
  const bytes = rows instanceof Uint8Array;
  const out = bytes ? new Uint8Array(rows.length) : new Float32Array(rows.length);
  mix.partners.forEach((partner, row) => {
    for (let i = 0; i < length; i++) {
      const own = rows[row * length + i] ?? 0;
      const mixed = mix.share * own + (1 - mix.share) * (rows[partner * length + i] ?? 0);
      out[row * length + i] = bytes ? Math.round(mixed) : mixed;
    }
  });
  return out;
}

/** A number from Beta(alpha, alpha), by two numbers from Gamma(alpha). */
export function beta(rng: Rng, alpha: number): number {
  const a = gamma(rng, alpha);
  const b = gamma(rng, alpha);
  return a + b === 0 ? 0.5 : a / (a + b);
}

/** Marsaglia and Tsang 2000; a shape under 1 is raised by one and scaled back. */
function gamma(rng: Rng, shape: number): number {
  if (shape < 1) return gamma(rng, shape + 1) * (1 - rng.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - rng.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

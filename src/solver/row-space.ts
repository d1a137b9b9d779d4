import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Samples in coordinates of the space that they span, and the way back for what is linear in them. */
export interface RowSpace {
  /** [count, rank]: with the inner products, and so the distances, of the samples that it was made of. */
  readonly coordinates: Float32Array;
  readonly rank: number;
  /** A kernel [classes, rank] over the coordinates as the one [classes, inputs] over the samples. */
  kernel(coordinates: Float64Array, classes: number): Float32Array;
}

/** An eigenvalue below this share of the largest is rounding: float32 samples have no more. */
const NOTHING = 1e-10;

/**
 * The best penalised kernel is a combination of the samples, so it is enough to look for it in the space that
 * they span (the representer theorem). Where there are fewer samples than inputs that is a smaller problem with the
 * same solution: X = U S V' by the eigenvectors of X X', coordinates U S, and a kernel C becomes C V'.
 * @param samples [count, inputs]
 */
export function rowSpace(samples: Float32Array, count: number): RowSpace {
  const inputs = samples.length / count;
  const { vectors, values } = eigen(samples, count, inputs);
  const largest = Math.max(...values);
  const kept = values.map((_, k) => k).filter((k) => (values[k] ?? 0) > NOTHING * largest);
  const rank = Math.max(1, kept.length);
  const coordinates = new Float32Array(count * rank);
  kept.forEach((k, at) => {
    const length = Math.sqrt(values[k] as number);
    for (let i = 0; i < count; i++) coordinates[i * rank + at] = vectors.get(i, k) * length;
  });
  return {
    coordinates,
    rank,
    kernel: (found, classes) => {
      const out = new Float32Array(classes * inputs);
      for (let c = 0; c < classes; c++) {
        const mixed = new Float64Array(count);
        kept.forEach((k, at) => {
          const factor = (found[c * rank + at] as number) / Math.sqrt(values[k] as number);
          for (let i = 0; i < count; i++)
            mixed[i] = (mixed[i] as number) + factor * vectors.get(i, k);
        });
        out.set(combination(samples, mixed, inputs), c * inputs);
      }
      return out;
    },
  };
}

function eigen(samples: Float32Array, count: number, inputs: number) {
  const products = Matrix.zeros(count, count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < inputs; k++) {
        sum += (samples[i * inputs + k] as number) * (samples[j * inputs + k] as number);
      }
      products.set(i, j, sum);
      products.set(j, i, sum);
    }
  }
  const found = new EigenvalueDecomposition(products, { assumeSymmetric: true });
  return { vectors: found.eigenvectorMatrix, values: found.realEigenvalues };
}

/** The sum of the samples, each times its factor. */
function combination(samples: Float32Array, factors: Float64Array, inputs: number): Float64Array {
  const out = new Float64Array(inputs);
  factors.forEach((factor, i) => {
    for (let k = 0; k < inputs; k++) {
      out[k] = (out[k] as number) + factor * (samples[i * inputs + k] as number);
    }
  });
  return out;
}

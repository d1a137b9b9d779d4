import type { LinearProgram } from '../engines/engine.ts';
import type { HeadProblem } from './head-problem.ts';
import { type RowSpace, rowSpace } from './row-space.ts';
import type { RegressionProblem } from './softmax-regression.ts';

/** The regression on the last so many levels of a head's features. */
export interface LevelRegression {
  readonly regression: RegressionProblem;
  readonly space: RowSpace;
  /** How many features are read. */
  readonly inputs: number;
  release(): Promise<void>;
}

/**
 * Prepares the fit that reads the last so many levels.
 * @param of `rows`: the standardised features, [samples, sum of the levels]
 */
export async function openLevels(
  problem: HeadProblem,
  { rows, levelsRead }: { readonly rows: Float32Array; readonly levelsRead: number },
): Promise<LevelRegression> {
  const { engine, labels, levels, classes } = problem;
  const inputs = sum(levels.slice(-levelsRead));
  const space = spaceOf(lastColumns(rows, sum(levels), inputs), labels.length, inputs);
  const { rank, coordinates: features } = space;
  const program: LinearProgram = await engine.compileLinear({
    features,
    labels,
    inputs: rank,
    classes,
  });
  const regression = {
    program,
    labels,
    inputs: rank,
    classes,
    sampleWeights: sampleWeights(problem),
    meanSquares: meanSquares(features, rank),
  };
  return { regression, space, inputs, release: () => program.release() };
}

/** More samples than these take longer to decompose than they save. */
const MOST_DECOMPOSED = 400;

/** The samples in fewer coordinates where they are far fewer than their inputs; else as they are. */
function spaceOf(samples: Float32Array, count: number, inputs: number): RowSpace {
  if (count < inputs && count <= MOST_DECOMPOSED) return rowSpace(samples, count);
  const kernel = (found: Float64Array) => Float32Array.from(found);
  return { coordinates: samples, rank: inputs, kernel };
}

/** Every image counts once, however many views of it there are. */
function sampleWeights({ labels, images, classWeights }: HeadProblem): Float32Array {
  const share = images / labels.length;
  return Float32Array.from(labels, (label) => share * (classWeights?.[label] ?? 1));
}

/** [width]: of each column of the rows. */
function meanSquares(rows: Float32Array, width: number): Float64Array {
  const out = new Float64Array(width);
  rows.forEach((value, i) => {
    out[i % width] = (out[i % width] as number) + value ** 2;
  });
  return out.map((sum) => (sum * width) / rows.length);
}

function lastColumns(rows: Float32Array, width: number, inputs: number): Float32Array {
  if (inputs === width) return rows;
  const count = rows.length / width;
  const out = new Float32Array(count * inputs);
  for (let row = 0; row < count; row++) {
    out.set(rows.subarray((row + 1) * width - inputs, (row + 1) * width), row * inputs);
  }
  return out;
}

export const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);

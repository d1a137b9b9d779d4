import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.ts';
import { fitRegression, type RegressionProblem } from '../../src/solver/softmax-regression.ts';
import { onnxEngine, tensorFlowEngine } from '../engines/engines.ts';

interface Golden {
  readonly features: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly cases: readonly {
    readonly penalty: number;
    readonly weights: readonly number[];
    readonly kernel: readonly (readonly number[])[];
    readonly probabilities: readonly (readonly number[])[];
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../golden/logistic_regression.json', import.meta.url), 'utf8'),
);
const { features, labels } = golden;
const [inputs, classes] = [6, 3];

const meanSquares = Float64Array.from(
  { length: inputs },
  (_, k) => features.reduce((sum, row) => sum + (row[k] ?? 0) ** 2, 0) / features.length,
);

async function solved(
  engine: Engine,
  { penalty, weights }: Golden['cases'][number],
  known: Pick<RegressionProblem, 'meanSquares'> = {},
) {
  const program = await engine.compileLinear({
    features: Float32Array.from(features.flat()),
    labels,
    inputs,
    classes,
  });
  const sampleWeights = Float32Array.from(weights);
  const problem = { program, labels, inputs, classes, sampleWeights, ...known };
  const fit = await fitRegression(problem, { penalty });
  const scored = await program.evaluate(Float32Array.from(fit.parameters), sampleWeights);
  const logs = scored.logProbabilities.slice();
  await program.release();
  return { fit, logs };
}

describe.each([
  ['onnx', onnxEngine],
  ['tensorflow', tensorFlowEngine],
] as const)("the optimum with %s is scikit-learn's", (_, open) => {
  const ways = [{}, { meanSquares }].flatMap((known) =>
    golden.cases.map((one) => ({ ...one, known, with: Object.keys(known).join() })),
  );
  it.each(ways)('penalty $penalty, weights $weights.1, $with', async (one) => {
    const { fit, logs } = await solved(await open(), one, one.known);
    const largest = Math.max(...one.kernel.flat().map(Math.abs));
    one.kernel.flat().forEach((value, i) => {
      expect(Math.abs((fit.parameters[i] ?? 0) - value)).toBeLessThan(0.005 * largest);
    });
    one.probabilities.flat().forEach((value, i) => {
      expect(Math.abs(Math.exp(logs[i] ?? 0) - value)).toBeLessThan(1e-3);
    });
  });
});

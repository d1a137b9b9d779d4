import { expect } from 'vitest';
import type { NamedTensors } from '../../src/base/tensor.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { isStatistic } from '../../src/network/parameters.ts';
import { relativeError } from './onnx/closeness.ts';
import { batchesAt, type Case, type Outcome, prepare, runSteps, STEPS } from './tiny-cases.ts';

export interface Engines {
  readonly one: Engine;
  readonly other: Engine;
}

export const nameOf = ({ strategy, head, optimizer, batchNorm }: Case) =>
  `${strategy}, ${head}, ${optimizer}${batchNorm ? ', batch norm' : ''}`;

/** Largest relative differences of two runs. */
export interface Differences {
  readonly losses: number;
  readonly parameters: number;
  readonly statistics: number;
  readonly slots: number;
  readonly predictions: number;
}

export function differences(a: Outcome, b: Outcome): Differences {
  const worst = (errors: readonly number[]) => Math.max(0, ...errors);
  const between = (side: 'weights' | 'slots', wanted: (name: string) => boolean) => {
    expect([...a.state[side].keys()]).toEqual([...b.state[side].keys()]);
    return worst(
      [...b.state[side]]
        .filter(([name]) => wanted(name))
        .map(([name, { data }]) => relativeError(a.state[side].get(name)?.data ?? [], data)),
    );
  };
  return {
    losses: worst(
      b.losses.map((loss, step) => Math.abs((a.losses[step] ?? Number.NaN) / loss - 1)),
    ),
    parameters: between('weights', (name) => !isStatistic(name)),
    statistics: between('weights', isStatistic),
    slots: between('slots', () => true),
    predictions: relativeError(a.predictions, b.predictions),
  };
}

/** The first steps of a case on each engine, each with its own frozen prefix. */
export async function runOnBoth(
  { one, other }: Engines,
  which: Case,
  steps = STEPS,
): Promise<Differences> {
  const outcomes: Outcome[] = [];
  for (const engine of [one, other]) {
    const { request, rates } = prepare(which);
    const program = await engine.compileTraining(request);
    const batches = await batchesAt(engine, request);
    const outcome = await runSteps(program, { batches, rates }, [0, steps]);
    expect(largestChange(request.weights, outcome.state.weights)).toBeGreaterThan(0.02);
    outcomes.push(outcome);
    await program.release();
  }
  const [a, b] = outcomes;
  if (a === undefined || b === undefined) throw new Error('two outcomes expected');
  return differences(a, b);
}

/** So that two runs do not agree because nothing happened. */
function largestChange(before: NamedTensors, after: NamedTensors): number {
  const changes = [...after].map(([name, { data }]) =>
    relativeError(data, before.get(name)?.data ?? []),
  );
  return Math.max(...changes);
}

import { oneHot } from '../../base/one-hot.ts';
import { sizeOf } from '../../base/tensor.ts';
import type { RunConfig } from '../../config/schema.ts';
import type {
  Engine,
  TrainingBatch,
  TrainingProgram,
  TrainingRequest,
} from '../../engines/engine.ts';
import { rowShape } from '../../engines/rows.ts';
import { planSteps } from '../../engines/training-plan.ts';
import { networkCost } from '../../network/cost.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { createDropoutMasks } from '../../training/dropout-masks.ts';
import type { TrainPhase, TrainPlan } from '../../training/train-plan.ts';
import { prefixBatch } from '../prepare/prefix-batch.ts';
import { watchMemory } from './peak-memory.ts';

/** The cost of running a frozen prefix. */
export interface PrefixCost {
  readonly compileSeconds: number;
  readonly secondsPerImage: number;
  /** Bytes that the program takes. */
  readonly memory: number;
}

/** The cost of the steps of a phase. */
export interface StepCost {
  readonly compileSeconds: number;
  /** One optimizer step with a full batch. */
  readonly secondsPerStep: number;
  /** Seconds per validation image. */
  readonly secondsPerValidation: number;
  readonly memory: number;
  /** Images of the steps that were run; fewer than a batch where that would take long. */
  readonly measuredRows: number;
}

export interface Measured {
  readonly engine: Engine;
  readonly network: NetworkSpec;
  readonly weights: TrainingRequest['weights'];
}

/** Times the frozen layers [0, to) on images of noise: the content does not affect the cost. */
export async function measurePrefix(
  { engine, network, weights }: Measured,
  to: number,
): Promise<PrefixCost> {
  const memory = watchMemory();
  const batchSize = prefixBatch(network);
  const started = performance.now();
  const program = await engine.compileForward({
    network,
    weights,
    from: 0,
    to,
    batchSize,
    carry: true,
  });
  const compileSeconds = (performance.now() - started) / 1000;
  try {
    const rows = noise(batchSize * sizeOf(rowShape(network, 0)), true) as Uint8Array;
    const seconds = await timed(() => program.run(rows, batchSize), 2);
    return { compileSeconds, secondsPerImage: seconds / batchSize, memory: memory.growth() };
  } finally {
    await program.release();
  }
}

/** Multiply-adds of the steps that are measured, at most; a full batch is scaled from it. */
const STEP_MACS = 4e11;

interface StepsOf {
  readonly phase: TrainPhase;
  readonly plan: TrainPlan;
  readonly config: RunConfig;
  /** The number of training images. */
  readonly images: number;
}

/** Times optimizer steps and validation of a phase, with the programs that training would use. */
export async function measureSteps(
  measured: Measured,
  { phase, plan, config, images }: StepsOf,
): Promise<StepCost> {
  const { network } = measured;
  const request = trainingRequest(measured, { phase, plan, config });
  const { microBatch, exactRows } = planSteps(request);
  const rows = Math.min(microBatch, affordableRows(network, phase.from));
  const passes = Math.ceil(config.batchSize / microBatch);
  const several = passes > 1 && rows === microBatch;
  const memory = watchMemory();
  const started = performance.now();
  const sizes = { batchSize: several ? 2 * rows : rows, microBatch: rows };
  const program = await measured.engine.compileTraining({ ...request, ...sizes });
  const compileSeconds = (performance.now() - started) / 1000;
  try {
    const step = (count: number) => () => oneStep(program, { network, phase, count });
    const one = await timed(step(rows), 2);
    const two = several ? await timed(step(2 * rows), 1) : one;
    // A last batch with fewer images has a graph of its own, which stays beside the other.
    const last = images % config.batchSize;
    if (exactRows && last > 0 && last < rows) await step(last)();
    const input = noiseRows(network, phase.from, rows);
    const validation = (await timed(() => program.predict(input, rows), 2)) / rows;
    const pass = several ? Math.max(two - one, one / 4) : one * (config.batchSize / rows);
    const secondsPerStep = several ? Math.max(0, one - pass) + passes * pass : pass;
    // A graph for all rows at once holds the activations of all of them.
    const scale = several ? 1 : microBatch / rows;
    return {
      compileSeconds,
      secondsPerStep,
      secondsPerValidation: validation,
      memory: memory.growth() * scale,
      measuredRows: several ? 2 * rows : rows,
    };
  } finally {
    await program.release();
  }
}

function affordableRows(network: NetworkSpec, from: number): number {
  const macs = networkCost(network)
    .slice(from)
    .reduce((sum, layer) => sum + layer.macs, 0);
  // Forward, and the gradients of inputs and weights: three times the work.
  return Math.max(2, Math.floor(STEP_MACS / (3 * Math.max(1, macs))));
}

function trainingRequest(
  { network, weights }: Measured,
  { phase, plan, config }: { phase: TrainPhase; plan: TrainPlan; config: RunConfig },
): TrainingRequest {
  return {
    network,
    weights,
    from: phase.from,
    groups: phase.groups,
    optimizer: plan.optimizer,
    loss: { labelSmoothing: config.labelSmoothing },
    batchSize: config.batchSize,
    ...(config.clipNorm !== null && { clipNorm: config.clipNorm }),
    ...(config.microBatch !== null && { microBatch: config.microBatch }),
  };
}

async function oneStep(
  program: TrainingProgram,
  { network, phase, count }: { network: NetworkSpec; phase: TrainPhase; count: number },
): Promise<void> {
  const labels = Array.from({ length: count }, (_, row) => row % network.classes);
  const batch: TrainingBatch = {
    rows: noiseRows(network, phase.from, count),
    count,
    targets: oneHot(labels, network.classes),
    weights: new Float32Array(count).fill(1 / count),
    dropout: createDropoutMasks(network, phase.from, count)(count, ['estimate']),
  };
  // A rate of nothing: the weights stay what they are, and the work is the same.
  await program.step(
    batch,
    phase.groups.map(() => 0),
  );
}

function noiseRows(network: NetworkSpec, from: number, count: number): Uint8Array | Float32Array {
  return noise(count * sizeOf(rowShape(network, from)), from === 0);
}

/** Varying values, without the time that good random numbers take. */
function noise(length: number, bytes: boolean): Uint8Array | Float32Array {
  const value = (at: number) => (Math.imul(at + 1, 2654435761) >>> 24) / (bytes ? 1 : 255);
  return bytes
    ? Uint8Array.from({ length }, (_, at) => value(at))
    : Float32Array.from({ length }, (_, at) => value(at));
}

/** Seconds of the fastest of some runs, after one that does not count. */
async function timed(work: () => Promise<unknown>, runs: number): Promise<number> {
  await work();
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await work();
    least = Math.min(least, (performance.now() - started) / 1000);
  }
  return least;
}

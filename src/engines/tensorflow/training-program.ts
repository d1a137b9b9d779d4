import { type NamedTensors, type Shape, sizeOf, zeros } from '../../base/tensor.ts';
import { tensorOf } from '../../network/fold-batch-norm.ts';
import { checkTrainingBatch } from '../batch-checks.ts';
import type {
  StepResult,
  TrainingBatch,
  TrainingProgram,
  TrainingRequest,
  TrainingState,
} from '../engine.ts';
import { firstAverages, slotName, slotNames } from '../optimizer-slots.ts';
import { rowShape } from '../rows.ts';
import { planSteps, type TrainingPlan } from '../training-plan.ts';
import { readFloats, rowsTensor, toCanonical, toTensorFlow } from './layout.ts';
import { crossEntropy } from './losses.ts';
import { LayerRange } from './model.ts';
import { clipFactor, update } from './optimizers.ts';
import type { LayersModel, Scalar, Tensor, TensorFlow, Variable } from './tensorflow.ts';

export function compileTraining(tf: TensorFlow, request: TrainingRequest): TrainingProgram {
  return new TensorFlowTrainingProgram(tf, planSteps(request));
}

/** Rows [start, end) of a batch. */
interface Pass {
  readonly start: number;
  readonly end: number;
}

class TensorFlowTrainingProgram implements TrainingProgram {
  readonly #tf: TensorFlow;
  readonly #plan: TrainingPlan;
  readonly #layerRange: LayerRange;
  /** The model with an input for the mask of each dropout layer. */
  readonly #trainingModel: LayersModel;
  readonly #inferenceModel: LayersModel;
  /** The trained parameters, by canonical name. */
  readonly #trained: ReadonlyMap<string, Variable>;
  /** The slots by `PARAMETER.SLOT`, in the layout of the parameter. */
  readonly #slots: ReadonlyMap<string, Variable>;
  #step = 0;

  constructor(tf: TensorFlow, plan: TrainingPlan) {
    const { network, from, trainedBatchNorms, optimizer } = plan;
    this.#tf = tf;
    this.#plan = plan;
    const to = network.layers.length;
    this.#layerRange = new LayerRange(tf, { network, from, to, trainedBatchNorms });
    this.#layerRange.write(plan.weights);
    this.#trainingModel = this.#layerRange.model({ masks: true });
    this.#inferenceModel = this.#layerRange.model();
    this.#trained = new Map(plan.trained.map((name) => [name, this.#variable(name)]));
    this.#slots = new Map(
      [...this.#trained].flatMap(([name, { shape }]) =>
        slotNames(optimizer).map(
          (slot) => [slotName(name, slot), zeroVariable(tf, shape)] as const,
        ),
      ),
    );
    this.#writeSlots(firstAverages(plan, plan.weights));
  }

  async step(batch: TrainingBatch, learningRates: readonly number[]): Promise<StepResult> {
    const { groups, network } = this.#plan;
    if (learningRates.length !== groups.length) {
      throw new RangeError(`${groups.length} groups, ${learningRates.length} learning rates`);
    }
    checkTrainingBatch(this.#plan, batch);
    const logits = new Float32Array(batch.count * network.classes);
    const loss = this.#tf.tidy(() => {
      const { total, gradients } = this.#accumulate(batch, logits);
      this.#update(gradients, learningRates);
      return total;
    });
    return { loss, logits };
  }

  async predict(rows: Uint8Array | Float32Array, count: number): Promise<Float32Array> {
    const { network, from, microBatch } = this.#plan;
    const row = rowShape(network, from);
    const size = sizeOf(row);
    if (rows.length < count * size) {
      throw new RangeError(`${count} rows of [${row}] are ${count * size} elements`);
    }
    const logits = new Float32Array(count * network.classes);
    for (const { start, end } of passes(count, microBatch)) {
      this.#tf.tidy(() => {
        const input = rowsTensor(this.#tf, rows.subarray(start * size, end * size), row);
        const output = run(this.#inferenceModel, input, false);
        logits.set(readFloats(output), start * network.classes);
      });
    }
    return logits;
  }

  async state(): Promise<TrainingState> {
    return {
      step: this.#step,
      weights: this.#canonical(this.#layerRange.variables),
      slots: this.#canonical(this.#slots),
    };
  }

  load({ step, weights, slots }: TrainingState): void {
    this.#writeSlots(new Map([...this.#slots.keys()].map((name) => [name, tensorOf(slots, name)])));
    this.#layerRange.write(weights);
    this.#step = step;
  }

  async release(): Promise<void> {
    this.#layerRange.dispose();
    for (const variable of this.#slots.values()) variable.dispose();
  }

  /** Runs the passes of a step. The gradients are summed over them, by canonical name. */
  #accumulate(
    batch: TrainingBatch,
    logits: Float32Array,
  ): { readonly total: number; readonly gradients: ReadonlyMap<string, Tensor> } {
    const sums = new Map<string, Tensor>();
    let total = 0;
    for (const pass of passes(batch.count, this.#plan.microBatch)) {
      const { value, grads } = this.#tf.variableGrads(
        () => this.#loss(batch, pass, logits),
        [...this.#trained.values()],
      );
      total += readFloats(value)[0] ?? Number.NaN;
      for (const [name, variable] of this.#trained) {
        const gradient = grads[variable.name];
        if (gradient === undefined) throw new Error(`the loss does not depend on ${name}`);
        const sum = sums.get(name);
        sums.set(name, sum === undefined ? gradient : sum.add(gradient));
        // Nothing but the sum of two passes is kept until the end of the step.
        if (sum !== undefined) this.#tf.dispose([sum, gradient]);
      }
    }
    return { total, gradients: sums };
  }

  /** The loss of one pass; its logits are written into their place in `logits`. */
  #loss(batch: TrainingBatch, { start, end }: Pass, logits: Float32Array): Scalar {
    const tf = this.#tf;
    const { network, from, dropouts } = this.#plan;
    const cut = (data: Float32Array | Uint8Array | undefined, row: Shape) => {
      const size = sizeOf(row);
      if (data === undefined) throw new Error('the batch was not checked');
      return rowsTensor(tf, data.subarray(start * size, end * size), row);
    };
    const masks = [...dropouts].map(([name, row]) => cut(batch.dropout.get(name), row));
    const rows = cut(batch.rows, rowShape(network, from));
    const output = run(this.#trainingModel, masks.length > 0 ? [rows, ...masks] : rows, true);
    logits.set(readFloats(output), start * network.classes);
    const targets = cut(batch.targets, [network.classes]);
    const rowWeights = cut(batch.weights, [1]);
    return crossEntropy(tf, { logits: output, targets, rowWeights }, this.#plan.loss);
  }

  #update(gradients: ReadonlyMap<string, Tensor>, learningRates: readonly number[]): void {
    const { groups, optimizer, clipNorm } = this.#plan;
    const tf = this.#tf;
    const factor =
      clipNorm === undefined ? undefined : clipFactor(tf, [...gradients.values()], clipNorm);
    const step = this.#step + 1;
    groups.forEach(({ parameters, weightDecay }, index) => {
      const learningRate = learningRates[index] ?? 0;
      for (const name of parameters) {
        const found = gradients.get(name);
        if (found === undefined) throw new Error(`no gradient for ${name}`);
        tf.tidy(() => {
          const gradient = factor === undefined ? found : found.mul(factor);
          const slots = slotNames(optimizer).map((slot) => this.#slot(slotName(name, slot)));
          const parameter = this.#variable(name);
          update(optimizer, { parameter, gradient, slots, step, learningRate, weightDecay });
        });
      }
    });
    this.#step = step;
  }

  #canonical(variables: ReadonlyMap<string, Variable>): NamedTensors {
    return new Map([...variables].map(([name, value]) => [name, toCanonical(this.#tf, value)]));
  }

  #variable(name: string): Variable {
    const found = this.#layerRange.variables.get(name);
    if (found === undefined) throw new Error(`the trained layers have no parameter ${name}`);
    return found;
  }

  #writeSlots(slots: NamedTensors): void {
    for (const [name, slot] of slots) {
      const value = toTensorFlow(this.#tf, slot);
      this.#slot(name).assign(value);
      value.dispose();
    }
  }

  #slot(name: string): Variable {
    const found = this.#slots.get(name);
    if (found === undefined) throw new Error(`the optimizer has no slot ${name}`);
    return found;
  }
}

function passes(count: number, microBatch: number): Pass[] {
  const all: Pass[] = [];
  for (let start = 0; start < count; start += microBatch) {
    all.push({ start, end: Math.min(count, start + microBatch) });
  }
  return all;
}

function zeroVariable(tf: TensorFlow, shape: Shape): Variable {
  const { data } = zeros(shape);
  return tf.tidy(() => tf.variable(tf.tensor(data, [...shape]), false));
}

function run(model: LayersModel, inputs: Tensor | Tensor[], training: boolean): Tensor {
  const output = model.apply(inputs, { training });
  if (Array.isArray(output) || !('dataId' in output)) throw new Error('one output expected');
  return output;
}

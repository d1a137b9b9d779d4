import type { NamedTensors, Shape } from '../base/tensor.ts';
import type { NetworkSpec } from '../network/spec.ts';

/**
 * An engine compiles layer ranges of a network into programs. Layers are addressed by their index in
 * `network.layers`; a layer range is half-open: [from, to). Where `from` is 0 the input is uint8 RGB pixels
 * [N, H, W, 3] and the preprocessing is part of the program; elsewhere it is float32 activations [N,
 * ...shapes[from - 1]], followed by the averages of earlier levels where later layers read those (`rows.ts`).
 * Tensors that go in and come out have canonical names and layouts, whatever the engine uses inside.
 */
export interface Engine {
  readonly name: string;
  /** Where it runs, as the user would name it: `cpu`, `cuda`. */
  readonly device: string;
  /** The version of the library that computes; another version may round differently. */
  readonly version?: string;
  compileForward(request: ForwardRequest): Promise<ForwardProgram>;
  compileTraining(request: TrainingRequest): Promise<TrainingProgram>;
  compileLinear(request: LinearRequest): Promise<LinearProgram>;
}

export type Pixels = Uint8Array;
export type Activations = Float32Array;

export interface ForwardRequest {
  readonly network: NetworkSpec;
  readonly from: number;
  readonly to: number;
  /** Constants of the program; those of other layers are ignored. */
  readonly weights: NamedTensors;
  /** The largest number of samples of one run; memory grows with it. */
  readonly batchSize: number;
  /** Also return the outputs of these layers (each in (from, to]: 'the output of layer index - 1'). */
  readonly taps?: readonly number[];
  /** Apply softmax to the last output. */
  readonly softmax?: boolean;
  /**
   * Whether the output is the input of a layer range that begins at `to`: the same, followed by the levels
   * that it reads.
   */
  readonly carry?: boolean;
}

/** A program without parameters that change: the frozen prefix, or a whole trained network. */
export interface ForwardProgram {
  /** The shape of one output sample, without the batch axis. */
  readonly outputShape: Shape;
  /**
   * @param rows [count, ...], count at most `batchSize`
   * @returns [count, ...outputShape]; valid until the next call
   */
  run(rows: Pixels | Activations, count: number): Promise<Activations>;
  /** The taps alone, in the order asked for; a tap at `to` is the output before any softmax. */
  runTaps(rows: Pixels | Activations, count: number): Promise<readonly Activations[]>;
  release(): Promise<void>;
}

/** A linear classifier over samples that stay in memory while a solver looks for its parameters. */
export interface LinearRequest {
  /** [count, inputs] */
  readonly features: Activations;
  /** The class of each sample: a whole number below `classes`. */
  readonly labels: readonly number[];
  readonly inputs: number;
  readonly classes: number;
}

/** The log-probabilities and the gradient; both are valid until the next call. */
export interface LinearEvaluation {
  /** [count, classes], for every sample whatever its weight. */
  readonly logProbabilities: Float32Array;
  /** The gradient of the weighted sum of cross-entropies, in the layout of the parameters. */
  readonly gradient: Float32Array;
}

export interface LinearProgram {
  /**
   * @param parameters the kernel [classes, inputs] and, behind it, the bias [classes]
   * @param sampleWeights [count]; a sample of weight zero is scored and adds nothing to the gradient
   */
  evaluate(parameters: Float32Array, sampleWeights: Float32Array): Promise<LinearEvaluation>;
  release(): Promise<void>;
}

export type OptimizerSpec = {
  /**
   * The decay by step of a moving average of each trained parameter, which begins at the parameter; absent: none is kept.
   * Running statistics of batch norm are averages already, and have no other.
   */
  readonly average?: number;
} & (
  | { readonly kind: 'sgd'; readonly momentum: number; readonly nesterov: boolean }
  | {
      /** `adam` adds the decay to the gradient (L2); `adamw` decouples it (Loshchilov and Hutter 2019). */
      readonly kind: 'adam' | 'adamw';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
    }
);

/** Parameters that share a learning rate. A parameter that is in no group is frozen. */
export interface ParameterGroup {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly weightDecay: number;
}

export interface LossSpec {
  /** Softmax cross-entropy with targets (1 - s) * t + s / classes. */
  readonly labelSmoothing: number;
  /** [classes], as PyTorch's `weight`: scales each class's term of the sum; absent for ones. */
  readonly classWeights?: Float32Array;
}

export interface TrainingRequest {
  readonly network: NetworkSpec;
  /** The freeze boundary: layers [from, end) are the trainable suffix; its input comes from the caller. */
  readonly from: number;
  /** Initial values of every parameter (and running statistic) of the suffix. */
  readonly weights: NamedTensors;
  readonly groups: readonly ParameterGroup[];
  readonly optimizer: OptimizerSpec;
  readonly loss: LossSpec;
  /** Global-norm clipping of the accumulated gradient, as PyTorch's `clip_grad_norm_`. */
  readonly clipNorm?: number;
  /** The largest number of samples of one optimizer step. */
  readonly batchSize: number;
  /**
   * The number of samples in one pass; a step accumulates gradients over its micro-batches. The engine
   * chooses where absent.
   */
  readonly microBatch?: number;
}

/** One optimizer step's data. Everything random in a step comes in here, so that a run can be repeated. */
export interface TrainingBatch {
  /** [count, ...] */
  readonly rows: Pixels | Activations;
  readonly count: number;
  /** [count, classes]; each row is a distribution (one-hot, or soft by mixup). */
  readonly targets: Float32Array;
  /** [count]; the loss is the sum of weight * cross-entropy: give 1 / count each for the mean. */
  readonly weights: Float32Array;
  /** By name of dropout layer: [count, ...its shape], 0 or 1 / (1 - rate). Every dropout layer of the suffix. */
  readonly dropout: ReadonlyMap<string, Float32Array>;
}

export interface StepResult {
  /** Sum of weight * cross-entropy over the batch. */
  readonly loss: number;
  /** [count, classes], before the update; valid until the next call. */
  readonly logits: Float32Array;
}

/** What a checkpoint needs: parameters, running statistics, optimizer slots, and the step count. */
export interface TrainingState {
  /** Updates done; Adam's bias correction counts from it. */
  readonly step: number;
  /** Every tensor of the suffix, frozen ones too. Copies. */
  readonly weights: NamedTensors;
  /** `NAME.momentum` (sgd) or `NAME.m`, `NAME.v` (adam), and `NAME.average`, in the parameter's canonical layout. Copies. */
  readonly slots: NamedTensors;
}

export interface TrainingProgram {
  /** @param learningRates one a group, in the order of the request */
  step(batch: TrainingBatch, learningRates: readonly number[]): Promise<StepResult>;
  /** Logits [count, classes] in inference mode with the present weights; valid until the next call. */
  predict(rows: Pixels | Activations, count: number): Promise<Float32Array>;
  state(): Promise<TrainingState>;
  /**
   * Restores a state that `state` returned, bit for bit, so that a resumed run equals an uninterrupted one.
   */
  load(state: TrainingState): void;
  release(): Promise<void>;
}

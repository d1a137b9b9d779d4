import type { Engine } from '../engines/engine.ts';

/** Features of images, to fit an output layer to. */
export interface HeadProblem {
  readonly engine: Pick<Engine, 'compileLinear'>;
  /** [samples, sum of the levels]: one plain sample of each image, then those of its other views. */
  readonly features: Float32Array;
  /** The class of each sample. */
  readonly labels: readonly number[];
  /** Which image a sample shows; images of one group are copies of each other. */
  readonly groups: readonly string[];
  /** The number of samples, from the first on, that are plain images; a fit is judged by these. */
  readonly images: number;
  readonly classes: number;
  /** How many features each level has, the last pool's at the end. */
  readonly levels: readonly number[];
  /** Weights of the classes in the loss; absent for ones. */
  readonly classWeights?: Float32Array;
  /** Relative to the mean squared norm of the features; absent: chosen by cross-validation. */
  readonly penalty?: number;
  readonly seed: number;
  /** Called after each fit of the cross-validation: how many of those that there may be are done with. */
  readonly onFit?: (done: number, total: number) => void;
}

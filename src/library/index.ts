/**
 * vggtune as a library. What the command line does, in a program: settings are those of a config file, events
 * say how far the work is, a signal stops it, and errors that a user can mend are a `VggtuneError`.
 */
import type { PartialConfig } from '../config/schema.ts';
import type { AdviceReport } from '../pipeline/advise.ts';
import type { LoadedModel, LoadOptions } from '../pipeline/loaded-model.ts';
import type { Prediction } from '../pipeline/predict.ts';
import type { RunRecord } from '../run/record.ts';
import { type WorkOptions, workContext } from './work-options.ts';

export { type ErrorDetails, type FailureKind, VggtuneError } from '../base/errors.ts';
export type { RunEvent } from '../base/events.ts';
export { ConfigError, type ConfigIssue } from '../config/issues.ts';
export type {
  ImageInput,
  LoadedModel,
  LoadOptions,
  PredictOptions,
} from '../pipeline/loaded-model.ts';
export type { Guess, Prediction } from '../pipeline/predict.ts';
export type { WorkOptions } from './work-options.ts';
export type { AdviceReport, PartialConfig as Settings, RunRecord };

export interface TrainOptions extends WorkOptions {
  /** Goes on with the interrupted run in the folder `out`. */
  readonly resume?: boolean;
  /** Replaces the run in the folder `out`. */
  readonly overwrite?: boolean;
}

/**
 * Fine-tunes a network on a folder of images, as `vggtune train` does.
 * @param settings the keys of a config file: `{ data: 'photos', strategy: 'head' }`; paths are relative to
 *   the working folder
 * @returns the records of the run folder that was written
 * @throws VggtuneError with what the user can do; ConfigError with everything that is wrong with the settings
 */
export async function train(
  settings: PartialConfig,
  options: TrainOptions = {},
): Promise<RunRecord> {
  const pipeline = await import('../pipeline/train.ts');
  const { resume = false, overwrite = false } = options;
  return pipeline.train({ ...(await request(settings, options)), resume, overwrite });
}

export interface AdviseOptions extends WorkOptions {
  /** Whether to estimate the time and memory of each strategy; true by default. */
  readonly estimates?: boolean;
}

/**
 * Says which strategy fits a folder of images, with the evidence, as `vggtune advise` does.
 * @throws VggtuneError as `train`
 */
export async function advise(
  settings: PartialConfig,
  options: AdviseOptions = {},
): Promise<AdviceReport> {
  const pipeline = await import('../pipeline/advise.ts');
  const { estimates = true } = options;
  return pipeline.advise({ ...(await request(settings, options)), estimates });
}

export interface PredictFilesOptions extends Pick<WorkOptions, 'signal' | 'onEvent'> {
  /** The number of guesses for each image; 1 by default. */
  readonly top?: number;
}

/**
 * Names the class of images in files, as `vggtune predict` does. A program that predicts again and again keeps
 * what `loadModel` gives.
 * @param run a run folder, or its model.safetensors
 * @param inputs files, folders and patterns
 * @returns one entry a file; one that cannot be read has an `error`
 * @throws VggtuneError when nothing is found or nothing can be read
 */
export async function predict(
  run: string,
  inputs: readonly string[],
  options: PredictFilesOptions = {},
): Promise<readonly Prediction[]> {
  const pipeline = await import('../pipeline/predict.ts');
  const { signal, emit } = workContext(options);
  return pipeline.predict({ run, inputs, topK: options.top ?? 1, signal, emit });
}

/**
 * Loads the model of a run once, for many predictions.
 * @param run a run folder, or its model.safetensors
 * @throws VggtuneError (usage) when it holds no model, (data) when the model is damaged
 */
export async function loadModel(run: string, options: LoadOptions = {}): Promise<LoadedModel> {
  workContext({});
  const { openModel } = await import('../pipeline/loaded-model.ts');
  return openModel(run, options);
}

async function request(values: PartialConfig, options: WorkOptions) {
  const { Settings } = await import('../config/settings.ts');
  return { ...workContext(options), settings: Settings.of({ origin: 'settings', values }) };
}

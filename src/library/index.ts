/**
 * vggtune as a library. What the command line does, in a program: settings are those of a config file, events
 * say how far the work is, a signal stops it, and errors that a user can mend are a `VggtuneError`.
 */
import type { AuditReport } from '../audit/findings.ts';
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
export type { AdviceReport, AuditReport, PartialConfig as Settings, RunRecord };

/** How a training is run: what to do where its run folder is there already. */
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

/** How advice is asked for. */
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

/** Where an audit writes its files. */
export interface AuditOptions extends WorkOptions {
  /** The folder for `audit.csv` and `audit.html`; by default the working folder. */
  readonly to?: string;
  /** Replaces an `audit.csv` in which something is decided. */
  readonly overwrite?: boolean;
}

/**
 * Looks for what is wrong with a folder of images, as `vggtune audit` does: it changes none, and writes a CSV and a page.
 * @returns every finding, and where the files are
 * @throws VggtuneError as `train`; also (usage) where a file is in the way
 */
export async function audit(
  settings: PartialConfig,
  options: AuditOptions = {},
): Promise<AuditReport> {
  const pipeline = await import('../pipeline/audit.ts');
  const { to, overwrite = false } = options;
  const named = to === undefined ? {} : { out: to };
  return pipeline.audit({ ...(await request(settings, options)), overwrite, ...named });
}

/** Where a report is written, and who watches. */
export interface ReportOptions extends Pick<WorkOptions, 'signal' | 'onEvent' | 'cache'> {
  /** The path of the page; by default `report.html` in the folder of the only run, or in the working folder. */
  readonly out?: string;
}

/**
 * Writes a page about some runs, complete or not, as `vggtune report` does.
 * @param runs the run folders
 * @returns the path of the page, and what is missing in the folders, in sentences
 * @throws VggtuneError (usage) when a folder holds no run or a file of somebody else is in the page's place, (data) when
 *   the page cannot be written
 */
export async function report(
  runs: readonly string[],
  options: ReportOptions = {},
): Promise<{ readonly report: string; readonly missing: readonly string[] }> {
  const pipeline = await import('../pipeline/report.ts');
  const { storage, signal, emit } = workContext(options);
  const named = options.out === undefined ? {} : { out: options.out };
  return pipeline.report({ runs, storage, signal, emit, ...named });
}

/** How many guesses are given for each file, and who watches. */
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

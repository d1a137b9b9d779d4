import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dataError, messageOf } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { expandHome } from '../base/home.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { matchFiles } from '../base/patterns.ts';
import { decodeBatches } from '../dataset/batches.ts';
import { compareNames, fileSystemPath, kindOfFile, printablePath } from '../dataset/file-names.ts';
import { walkFolder } from '../dataset/walk.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { scoreBatches } from '../evaluation/score.ts';
import { prefixBatch } from './prepare/prefix-batch.ts';
import { compileModel, loadModel, type TrainedModel } from './prepare/trained-model.ts';

/** A class that an image may be of, and how probable that is. */
export interface Guess {
  readonly label: string;
  readonly probability: number;
}

/** The prediction for a file, or the reason why it could not be read. */
export type Prediction =
  | {
      readonly path: string /** The most probable class first. */;
      readonly guesses: readonly Guess[];
    }
  | { readonly path: string; readonly error: string };

export interface PredictRequest {
  /** The run folder, or a model.safetensors. */
  readonly run: string;
  /** Files, folders and globs. */
  readonly inputs: readonly string[];
  /** The number of guesses per image. */
  readonly topK: number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly engine?: Engine;
  /** As `--device` names it, where no engine is given; the CPU by default. */
  readonly device?: string;
}

/**
 * Names the class of images by a trained model, with the model's own preprocessing and labels.
 * @returns one entry a file, in the order of the inputs; a file that cannot be read has an error
 * @throws VggtuneError when an input matches nothing, no file can be read, or there is no model
 */
export async function predict(request: PredictRequest): Promise<readonly Prediction[]> {
  const files = await inputFiles(request.inputs);
  const model = await loadModel(request.run);
  const { engine: given, device = 'cpu' } = request;
  const engine = given ?? (await openEngine('auto', device));
  const batchSize = Math.min(files.length, prefixBatch(model.network));
  const program = await compileModel(engine, model, batchSize);
  const predictions = new Map<number, Prediction>();
  const { emit, signal } = request;
  const total = files.length;
  try {
    const batches = readable(files, { model, batchSize, predictions });
    for await (const row of scoreBatches(program, batches, {
      task: 'predict',
      total,
      emit,
      signal,
    })) {
      const path = printablePath(files[row.position] ?? '');
      predictions.set(row.position, {
        path,
        guesses: guessesOf(row.probabilities, model, request),
      });
    }
  } finally {
    await program.release();
  }
  return someReadable(
    files.map((path, at) => predictions.get(at) ?? { path, error: 'could not be read' }),
  );
}

/** The number of files that an error names. */
const NAMED = 3;

/** @throws VggtuneError (data) when none of the files could be read: that is no result */
export function someReadable(predictions: readonly Prediction[]): readonly Prediction[] {
  const bad = predictions.flatMap((each) => ('error' in each ? [each] : []));
  if (bad.length < predictions.length || bad.length === 0) return predictions;
  const more = bad.length > NAMED ? [`and ${bad.length - NAMED} more`] : [];
  const found = [...bad.slice(0, NAMED).map(({ path, error }) => `${path}: ${error}`), ...more];
  throw dataError(
    `none of ${bad.length === 1 ? 'the 1 file' : `the ${bad.length} files`} could be read`,
    {
      expected: 'at least one image that can be read',
      found: found.join('; '),
      fix: 'replace the files, or name others',
    },
  );
}

/** Yields batches of the images that can be decoded; for the others an error is recorded. */
async function* readable(
  files: readonly string[],
  to: {
    readonly model: TrainedModel;
    readonly batchSize: number;
    readonly predictions: Map<number, Prediction>;
  },
) {
  const images = files.map((path) => ({ path, hash: '' }));
  const { batchSize, predictions, model } = to;
  const request = { root: process.cwd(), images, spec: model.decode, batchSize };
  for await (const { pixels, indices, bad } of decodeBatches(request)) {
    const reasons = new Map(bad.map(({ index, reason }) => [index, reason]));
    const size = pixels.length / indices.length;
    const good = indices.filter((index) => !reasons.has(index));
    for (const [index, error] of reasons) {
      predictions.set(index, { path: printablePath(files[index] ?? ''), error });
    }
    for (const [row, index] of good.entries()) {
      const from = indices.indexOf(index);
      pixels.copyWithin(row * size, from * size, (from + 1) * size);
    }
    yield { pixels: pixels.subarray(0, good.length * size), positions: good };
  }
}

export function guessesOf(
  probabilities: Float32Array,
  model: TrainedModel,
  { topK }: Pick<PredictRequest, 'topK'>,
): readonly Guess[] {
  const { labels } = model.description;
  return [...probabilities]
    .map((probability, at) => ({ label: labels[at] ?? '', probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, topK);
}

/**
 * Every file that the inputs name, each once, in their order.
 * @param platform whose patterns they are; this one's by default
 */
export async function inputFiles(
  inputs: readonly string[],
  platform?: NodeJS.Platform,
): Promise<string[]> {
  const files = new Set<string>();
  for (const input of inputs) {
    // A pattern stands in quotes, where no shell expands it.
    for (const file of await filesOf(expandHome(input), platform)) files.add(file);
  }
  return [...files];
}

async function filesOf(input: string, platform?: NodeJS.Platform): Promise<readonly string[]> {
  const found = await stat(fileSystemPath(input)).catch(unlessMachineFails(undefined));
  if (found?.isFile()) return [input];
  const matches = found?.isDirectory() ? await imagesIn(input) : await matchesOf(input, platform);
  if (matches.length > 0) return matches;
  const isFolder = found !== undefined;
  throw dataError(isFolder ? `no image in ${input}` : `there is no file ${input}`, {
    expected: 'an image file, a folder with images, or a pattern that matches some',
    where: resolve(input),
    fix: 'check the path; quote a pattern so that the shell does not change it',
  });
}

async function imagesIn(folder: string): Promise<string[]> {
  const found = await walkFolder(folder);
  return found
    .filter(({ path, problem }) => problem === undefined && kindOfFile(path) === 'image')
    .map(({ path }) => join(folder, path));
}

async function matchesOf(pattern: string, platform?: NodeJS.Platform): Promise<string[]> {
  try {
    const matches = await matchFiles(pattern, platform);
    return matches.filter((path) => kindOfFile(path) === 'image').sort(compareNames);
  } catch (error) {
    throw dataError(`${pattern} is no pattern`, { found: messageOf(error), where: pattern });
  }
}

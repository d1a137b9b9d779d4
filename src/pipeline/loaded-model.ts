import { usageError } from '../base/errors.ts';
import { decodeImage } from '../dataset/decode.ts';
import { openEngine } from '../engines/index.ts';
import { createBatcher } from './batcher.ts';
import { type Guess, guessesOf } from './predict.ts';
import { prefixBatch } from './prepare/prefix-batch.ts';
import { compileModel, loadModel, type TrainedModel } from './prepare/trained-model.ts';

/** The path of an image file, or the bytes of one. */
export type ImageInput = string | Uint8Array;

/** Where a model runs, and how much it takes at once. */
export interface LoadOptions {
  /** `cpu` by default; others as for `--device`. */
  readonly device?: string;
  /** Threads of the engine; by default one for each core. */
  readonly threads?: number;
  /** The most images of one pass, of which calls that wait at the same time are gathered. */
  readonly batchSize?: number;
}

/** What is asked about an image. */
export interface PredictOptions {
  /** The number of guesses; 1 by default. */
  readonly top?: number;
  /** Gives up before the image's turn has come. */
  readonly signal?: AbortSignal;
}

/** A model in memory. Calls may overlap: they are gathered into batches, and each gets its own result. */
export interface LoadedModel {
  readonly labels: readonly string[];
  readonly backbone: string;
  /** The side of the square, in pixels, to which images are cut. */
  readonly imageSize: number;
  /**
   * @returns the guesses, the most probable first: what `predict` gives for the same image
   * @throws VggtuneError (data) when it is no image that can be read, (usage) after `release`
   */
  predict(image: ImageInput, options?: PredictOptions): Promise<readonly Guess[]>;
  /** Frees the memory, once the calls that were begun have their results. */
  release(): Promise<void>;
}

export async function openModel(run: string, options: LoadOptions): Promise<LoadedModel> {
  const model = await loadModel(run);
  const { device = 'cpu', threads } = options;
  const engine = await openEngine('auto', device, threads === undefined ? {} : { threads });
  const batchSize = options.batchSize ?? prefixBatch(model.network);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw usageError('batchSize is not a possible value', {
      expected: 'a whole number of at least 1',
      found: String(batchSize),
      where: 'batchSize',
    });
  }
  const program = await compileModel(engine, model, batchSize);
  const batcher = createBatcher(program, batchSize);
  let released: Promise<void> | undefined;
  return {
    labels: model.description.labels,
    backbone: model.network.backbone,
    imageSize: model.network.preprocessing.size,
    predict: async (image, { top = 1, signal } = {}) => {
      refuseReleased(released);
      const pixels = await pixelsOf(image, model, signal);
      refuseReleased(released);
      return guessesOf(await batcher.run(pixels, signal), model, { topK: top });
    },
    release: () => {
      released ??= batcher.idle().then(() => program.release());
      return released;
    },
  };
}

function refuseReleased(released: Promise<void> | undefined): void {
  if (released === undefined) return;
  throw usageError('the model was released', { fix: 'load it again with loadModel' });
}

/** uint8 RGB, [size, size, 3] */
async function pixelsOf(image: ImageInput, model: TrainedModel, signal: AbortSignal | undefined) {
  signal?.throwIfAborted();
  return decodeImage(image, model.decode, signal === undefined ? {} : { signal });
}

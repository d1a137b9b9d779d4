import { canProbe, chanceOf, type Sample, stratifiedSample } from '../../advisor/sample.ts';
import { separability } from '../../advisor/separability.ts';
import { judgeSimilarity, type MeasuredDepth, type Similarity } from '../../advisor/similarity.ts';
import { interruptedError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import { type Shape, sizeOf } from '../../base/tensor.ts';
import type { RunConfig } from '../../config/schema.ts';
import { decodeBatches } from '../../dataset/batches.ts';
import { decodeSpec } from '../../dataset/pixel-specs.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import type { Engine, ForwardProgram, ForwardRequest } from '../../engines/engine.ts';
import { networkCost } from '../../network/cost.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { countLosses } from '../../training/lost-images.ts';
import { randomWeights } from '../../weights/initialise.ts';
import { prefixBatch } from '../prepare/prefix-batch.ts';
import type { Start } from '../prepare/start-weights.ts';

export interface SimilarityRequest {
  readonly config: RunConfig;
  readonly start: Start;
  readonly engine: Engine;
  /** The root of the data set. */
  readonly root: string;
  /** The images to sample from. */
  readonly images: readonly ImageEntry[];
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

export interface SimilarityEvidence {
  readonly similarity: Similarity;
  readonly sample: { readonly images: number; readonly classes: number };
  /** Multiply-adds a second of the forward passes; absent where none were made. */
  readonly speed?: number;
}

/** The depths at which features are taken: the last three pools, and fc7 where the weights have it. */
const DEPTHS = ['pool3', 'pool4', 'pool5'] as const;
const MOST_SAMPLED = 1000;
const LEAST_SAMPLED = 48;
/** Multiply-adds of a sample: 40 seconds on two cores, 190 images for VGG16 at 224 x 224. */
const SAMPLE_MACS = 6e12;
/** Each image goes through the network twice: with its weights, and with random ones. */
const PASSES = 2;

const macsOf = (network: NetworkSpec) =>
  networkCost(network).reduce((sum, layer) => sum + layer.macs, 0);

/** The size of a sample by what the network costs, so that it does not depend on the machine. */
export function sampleSize(network: NetworkSpec, { advise }: RunConfig): number {
  const affordable = Math.floor(SAMPLE_MACS / (PASSES * macsOf(network)));
  return advise.sample ?? Math.max(LEAST_SAMPLED, Math.min(MOST_SAMPLED, affordable));
}

/**
 * Runs a sample once through the frozen network, and once through the same network with random
 * weights, and measures at several depths how well the features separate the classes.
 * @throws VggtuneError (interrupted) on the signal
 */
export async function measureSimilarity(request: SimilarityRequest): Promise<SimilarityEvidence> {
  const { config, start, images } = request;
  const sample = stratifiedSample(images, sampleSize(start.network, config), config.seed);
  if (!canProbe(sample.labels)) return tooFew(sample.labels);
  const { depths, labels, seconds } = await featuresOf(request, sample);
  // Images that could not be decoded any more are missing.
  if (!canProbe(labels)) return tooFew(labels);
  const speed = (PASSES * labels.length * macsOf(start.network)) / seconds;
  const { classes } = sample;
  const measured = depths.map((depth): MeasuredDepth => {
    const { name, width, rows, randomRows } = depth;
    const { logme, hits } = separabilityOf(rows, { width, labels, classes });
    const random =
      randomRows.length === 0 ? null : separabilityOf(randomRows, { width, labels, classes });
    return { name, width, logme, hits, randomHits: random?.hits ?? null };
  });
  const chance = chanceOf(labels, classes);
  const similarity = judgeSimilarity(measured, chance, config.advise);
  return { similarity, sample: countsOf(labels), speed };
}

/** @param rows of each image, [width] */
function separabilityOf(
  rows: readonly Float32Array[],
  of: Omit<Parameters<typeof separability>[0], 'features'>,
) {
  const features = new Float32Array(rows.length * of.width);
  for (const [image, row] of rows.entries()) features.set(row, image * of.width);
  return separability({ ...of, features });
}

const countsOf = (labels: readonly number[]) => ({
  images: labels.length,
  classes: new Set(labels).size,
});

function tooFew(labels: readonly number[]): SimilarityEvidence {
  const reason =
    'fewer than two classes have two different images to train on, one to learn from and one to test on: similarity cannot be measured';
  return { similarity: { state: 'unmeasured', reason, depths: [] }, sample: countsOf(labels) };
}

interface Depth {
  readonly name: string;
  readonly shape: Shape;
  readonly width: number;
  /** The features of each image: [width]. */
  readonly rows: Float32Array[];
  /** The features with random weights; none where those were not run. */
  readonly randomRows: Float32Array[];
}

type TappedDepth = Depth & { readonly tap: number };

function depthsOf({ network, newLayers }: Start): TappedDepth[] {
  const kept = network.layers.some(({ name }) => name === 'fc7') && !newLayers.has('fc7');
  return [...DEPTHS, ...(kept ? ['fc7'] : [])].flatMap((name) => {
    // The features of fc7 are those after its ReLU.
    const layer = name === 'fc7' ? 'relu7' : name;
    const tap = network.layers.findIndex((candidate) => candidate.name === layer) + 1;
    const shape = network.shapes[tap - 1];
    if (shape === undefined) return [];
    return [{ name, shape, width: shape[0] ?? 0, rows: [], randomRows: [], tap }];
  });
}

const NOTHING = new Float32Array();

/** The network as it starts, and with random weights: the control. */
async function programsOf({ engine, start, config }: SimilarityRequest) {
  const { network, weights } = start;
  const depths = depthsOf(start);
  const batchSize = prefixBatch(network);
  // Without the dense layers: random ones would be half a gigabyte of numbers that say little.
  const pools = depths.filter(({ name }) => name.startsWith('pool'));
  const numbers = randomWeights(network, config.seed, (name) => !name.startsWith('fc'));
  const program = await tapped(engine, { network, weights, batchSize, depths });
  const random = await tapped(engine, { network, weights: numbers, batchSize, depths: pools });
  return { depths, pools, batchSize, program, random };
}

async function featuresOf(request: SimilarityRequest, sample: Sample<ImageEntry>) {
  const { start, root, config, signal, emit } = request;
  const { depths, pools, batchSize, program, random } = await programsOf(request);
  const total = sample.items.length;
  const labels: number[] = [];
  let seconds = 0;
  try {
    const spec = decodeSpec(start.network, config.image.background);
    const images = { root, images: sample.items, maxPixels: config.image.maxPixels };
    const losses = countLosses(root, total);
    for await (const batch of decodeBatches({ ...images, spec, batchSize, signal })) {
      losses.addAll(batch.bad, sample.items);
      const count = batch.indices.length;
      const started = performance.now();
      const outputs = await program.runTaps(batch.pixels, count);
      const controls = await random.runTaps(batch.pixels, count);
      seconds += (performance.now() - started) / 1000;
      const bad = new Set(batch.bad.map(({ index }) => index));
      for (const [row, index] of batch.indices.entries()) {
        if (bad.has(index)) continue;
        labels.push(sample.labels[index] ?? 0);
        depths.forEach(({ rows, shape }, at) => {
          rows.push(channelMeans(outputs[at] ?? NOTHING, row, shape));
        });
        pools.forEach(({ randomRows, shape }, at) => {
          randomRows.push(channelMeans(controls[at] ?? NOTHING, row, shape));
        });
      }
      const done = (batch.indices.at(-1) ?? 0) + 1;
      emit({ type: 'progress', task: 'features', done, total, unit: 'images' });
      if (signal.aborted) throw interruptedError('interrupted while the images were measured');
    }
  } finally {
    await program.release();
    await random.release();
  }
  return { depths, labels, seconds };
}

function tapped(
  engine: Engine,
  of: Pick<ForwardRequest, 'network' | 'weights' | 'batchSize'> & {
    depths: readonly TappedDepth[];
  },
): Promise<ForwardProgram> {
  const { depths, ...request } = of;
  const taps = depths.map(({ tap }) => tap);
  return engine.compileForward({ ...request, from: 0, to: Math.max(...taps), taps });
}

/** Global average pooling of one row of [rows, C, H, W]. */
function channelMeans(activations: Float32Array, row: number, shape: Shape): Float32Array {
  const channels = shape[0] ?? 0;
  const area = sizeOf(shape) / channels;
  const start = row * sizeOf(shape);
  return Float32Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let at = 0; at < area; at++) sum += activations[start + channel * area + at] ?? 0;
    return sum / area;
  });
}

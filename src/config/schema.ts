import { z } from 'zod';
import { DURATION_FORM, parseDuration } from '../base/duration.ts';
import { BACKBONES, HEADS, LARGEST_HIDDEN, LARGEST_SIDE } from '../network/catalog.ts';
import { BUDGET_FORM, parseBudget } from './budget.ts';
import { EXPORT_FORMATS, HEAD_FITS } from './names.ts';
import { parseTracker, TRACKER_FORM } from './trackers.ts';

/**
 * The one schema of a run. A key's description is its help text in the flags, the wizard and the
 * editor schema. Values that depend on the strategy (epochs, rates, augmentation) have their
 * defaults in `presets/strategies/*.yaml`; all others have them here.
 */
export const STRATEGIES = ['head', 'all', 'top', 'scratch'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

export const SCHEDULES = ['constant', 'step', 'cosine', 'one-cycle', 'plateau'] as const;

export const METRICS = ['loss', 'accuracy', 'top5', 'macro_f1'] as const;
/** The metrics by which an epoch may be judged. */
export const WATCHED_METRICS = [...METRICS, 'calibrated_loss'] as const;

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.int().positive();

const optimizer = z.strictObject({
  kind: z.enum(['sgd', 'adam', 'adamw']).describe('optimizer'),
  learningRate: positive.describe('peak learning rate'),
  momentum: fraction.default(0.9).describe('momentum of sgd'),
  nesterov: z.boolean().default(false).describe('Nesterov momentum of sgd'),
  beta1: fraction.default(0.9).describe("adam's first decay rate"),
  beta2: fraction.default(0.999).describe("adam's second decay rate"),
  epsilon: positive.default(1e-8).describe("adam's epsilon"),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe('weight decay (decoupled for adamw, L2 otherwise)'),
  layerDecay: fraction
    .default(1)
    .describe('learning rate of each block below the head, as a factor of the one above'),
  average: z
    .number()
    .min(0)
    .max(0.9999)
    .default(0)
    .describe(
      'decay by step of a moving average of the weights, which is what is measured and kept; 0: none',
    ),
});

const schedule = z.strictObject({
  kind: z.enum(SCHEDULES).describe('learning-rate schedule'),
  warmup: z.number().min(0).default(0).describe('epochs of linear warm-up'),
  every: count.default(10).describe('step: epochs between drops'),
  factor: fraction.default(0.1).describe('step, plateau: what the rate is multiplied with'),
  patience: count.default(3).describe('plateau: epochs without progress before a drop'),
  floor: fraction.default(0).describe('cosine: final rate as a share of the peak'),
});

const augment = z.strictObject({
  crop: z
    .strictObject({
      scale: z
        .tuple([fraction, fraction])
        .default([0.35, 1])
        .describe('area taken, as a share of the image: smallest,largest'),
      ratio: z
        .tuple([positive, positive])
        .default([3 / 4, 4 / 3])
        .describe('aspect ratio: smallest,largest'),
    })
    .nullable()
    .describe('random resized crop; null: no crop'),
  flip: fraction.describe('probability of a horizontal flip'),
  rotate: z.number().min(0).max(180).describe('degrees either way'),
  brightness: fraction.describe('strength of brightness changes'),
  contrast: fraction.describe('strength of contrast changes'),
  saturation: fraction.describe('strength of saturation changes'),
  hue: z.number().min(0).max(0.5).describe('strength of hue changes, in turns'),
  views: z
    .int()
    .min(0)
    .describe(
      'different augmented versions of each image; 0: a new one each epoch (cannot be cached)',
    ),
});

const earlyStop = z
  .strictObject({
    metric: z
      .enum(WATCHED_METRICS)
      .default('loss')
      .describe(
        'validation metric to watch; calibrated_loss: at the temperature that suits the validation images best',
      ),
    patience: count.default(5).describe('epochs without progress before stopping'),
    minDelta: z.number().min(0).default(0).describe('smallest change that counts as progress'),
  })
  .nullable()
  .describe(
    'early stopping; null: train every epoch, as is done without validation images. The best weights are restored either way',
  );

export const runConfigSchema = z.strictObject({
  data: z
    .string()
    .min(1)
    .describe(
      'folder of images (one sub-folder per class, or train/val/test above them), or a CSV of path,label',
    ),
  decisions: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'CSV of `vggtune audit` that says which images are dropped, and which get another class; null: none',
    ),
  out: z.string().min(1).describe('run folder; runs/NAME by default'),
  backbone: z.enum(BACKBONES).default('vgg16').describe('network'),
  weights: z.string().default('auto').describe('auto (the published ones), random, or a file'),
  weightsPreprocessing: z
    .string()
    .min(1)
    .default('auto')
    .describe(
      'how images are prepared for the weights: auto (what their file says, or else what is usual for its makers), torchvision, keras, unit (RGB / 255), or a JSON file',
    ),
  strategy: z
    .enum(['auto', ...STRATEGIES])
    .default('auto')
    .describe('fine-tuning strategy'),
  head: z.strictObject({
    kind: z
      .enum(HEADS)
      .default('linear')
      .describe(
        'linear: pool, dropout, dense; levels: the same on the last three pools; mlp: one hidden layer more; vgg: fc6, fc7, fc8',
      ),
    dropout: z.number().min(0).max(0.95).default(0.2).describe('dropout in the head'),
    hidden: count
      .max(LARGEST_HIDDEN)
      .default(256)
      .describe('width of the hidden layers of mlp and vgg'),
    fit: z
      .enum(HEAD_FITS)
      .describe(
        'solve: the output layer is solved to its optimum on the features, before any step; steps: it is trained by gradient steps, as new hidden layers always are',
      ),
    penalty: positive
      .nullable()
      .default(null)
      .describe(
        'solve: L2 penalty relative to the mean squared norm of the features; null: chosen by cross-validation',
      ),
  }),
  image: z
    .strictObject({
      size: count
        .max(LARGEST_SIDE)
        .nullable()
        .default(null)
        .describe("side of the network's input; null: the weights' own"),
      background: z
        .string()
        .regex(/^#[0-9a-f]{6}$/i)
        .default('#ffffff')
        .describe('colour behind transparent pixels'),
      onBad: z
        .enum(['skip', 'fail'])
        .default('skip')
        .describe('what a file that cannot be decoded does'),
      maxPixels: count
        .default(268_402_689)
        .describe('larger images are refused before memory is taken'),
    })
    .prefault({}),
  split: z
    .strictObject({
      val: z.number().min(0).max(0.9).default(0.2).describe('share of the images for validation'),
      test: z
        .number()
        .min(0)
        .max(0.9)
        .default(0)
        .describe('share of the images for the final test'),
      seed: z.int().default(0).describe('seed of the split'),
      nearDuplicates: z
        .enum(['together', 'ignore'])
        .default('together')
        .describe('together: images that are nearly the same are kept in one subset'),
    })
    .prefault({}),
  advise: z
    .strictObject({
      sample: count
        .nullable()
        .default(null)
        .describe(
          'images to measure similarity on; null: at most 1000, fewer for a costly network, less than a minute on two cores',
        ),
      largePerClass: count
        .default(1000)
        .describe('mean images per class from which on data is large'),
      largeInAll: count.default(20_000).describe('images in all from which on data is large'),
      similar: fraction
        .default(0.8)
        .describe(
          'similar: least skill of a linear probe at the last depth, from 0 (chance) to 1 (no error)',
        ),
      gain: fraction
        .default(0.1)
        .describe(
          "or: least share of a random network's errors that the probe at the last depth avoids",
        ),
      margin: fraction
        .default(0.02)
        .describe('by how much an earlier depth must be more accurate to count as clearly better'),
      budget: z
        .string()
        .refine((text) => parseBudget(text) !== undefined, { message: BUDGET_FORM })
        .default('auto')
        .describe(
          'how long strategies are tried before one is chosen; auto: about as long as the chosen run takes, and a minute at least; 0: not at all; any other: everything that there is time for',
        ),
    })
    .prefault({}),
  freeze: z
    .string()
    .nullable()
    .default(null)
    .describe("last frozen layer; null: the strategy's own"),
  epochs: count.describe('epochs'),
  warmupEpochs: z.int().min(0).describe('epochs in which the head alone is trained first'),
  batchSize: count.describe('images in one optimizer step'),
  microBatch: count
    .nullable()
    .default(null)
    .describe('images in one pass; null: chosen by the engine'),
  optimizer,
  schedule,
  labelSmoothing: z.number().min(0).max(0.9).describe('label smoothing'),
  mixup: z.number().min(0).max(10).default(0).describe('mixup alpha; 0: no mixup'),
  classWeights: z
    .enum(['none', 'balanced'])
    .default('none')
    .describe('balanced: rare classes count more'),
  clipNorm: positive
    .nullable()
    .default(null)
    .describe('largest global norm of the gradient; null: no limit'),
  earlyStop,
  refit: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe(
      'train once more on the validation images too, once they have chosen; auto: where vggtune held them back itself and images are few',
    ),
  augment,
  seed: z.int().default(0).describe('seed of everything random but the split'),
  checkpointEvery: z
    .string()
    .refine((text) => parseDuration(text) !== undefined, { message: DURATION_FORM })
    .default('10m')
    .describe('longest time between two checkpoints, as 90s, 10m or 1h; each epoch ends with one'),
  export: z
    .array(z.enum(EXPORT_FORMATS))
    .default(['onnx', 'safetensors'])
    .describe('what to export'),
  log: z
    .array(z.string().refine((text) => parseTracker(text) !== undefined, { message: TRACKER_FORM }))
    .default([])
    .describe(
      'where else the course of the run is told, beside events.ndjson: tensorboard (event files in the run folder), mlflow=ADDRESS (a tracking server; ADDRESS#NAME for an experiment of that name)',
    ),
  engine: z
    .enum(['auto', 'onnx', 'tensorflow'])
    .default('auto')
    .describe('engine; auto: tensorflow where it has a GPU that works, onnx otherwise'),
  device: z
    .string()
    .default('auto')
    .describe(
      'device: cpu, cuda, webgpu, coreml, dml (onnx); gpu, cpu, js (tensorflow). Never falls back',
    ),
  cache: z
    .boolean()
    .default(true)
    .describe('keep activations of frozen layers on disk between runs'),
});

export type RunConfig = z.output<typeof runConfigSchema>;
/** A config as a user may write it: every key is optional, at any depth. */
export type PartialConfig = DeepPartial<z.input<typeof runConfigSchema>>;
type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

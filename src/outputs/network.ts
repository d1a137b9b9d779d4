import { z } from 'zod';
import { BACKBONES } from '../network/catalog.ts';
import type { KernelComparison, KernelStack } from '../network/kernels.ts';
import type { LayerRow, NetworkTotals } from '../network/layer-table.ts';
import type { ReceptiveFieldStep } from '../network/receptive-field.ts';
import type { Description } from '../pipeline/inspect/describe.ts';
import type { TensorDescription, WeightsDescription } from '../weights/describe.ts';
import { count, list, share, texts } from './parts.ts';

const LAYER_KINDS = [
  'conv',
  'batchnorm',
  'relu',
  'maxpool',
  'avgpool',
  'gap',
  'levels',
  'flatten',
  'dense',
  'dropout',
] as const;

const shape = list(count).describe('without the batch axis: [C, H, W] or [C]');

export const layerRow = z
  .strictObject({
    name: z.string(),
    kind: z.enum(LAYER_KINDS),
    output: shape,
    parameters: count.describe('trainable numbers'),
    macs: count.describe('multiply-adds of one image'),
    receptiveField: count
      .exactOptional()
      .describe('side of the square of pixels that one output sees; absent for the head'),
    stride: count.exactOptional().describe('pixels between neighbouring outputs'),
    trained: z
      .boolean()
      .exactOptional()
      .describe('whether a run trains it; absent without a run and without parameters'),
  })
  .describe('a layer of a network') satisfies z.ZodType<LayerRow>;

export const networkTotals = z.strictObject({
  parameters: count,
  macs: count,
  trained: count.exactOptional().describe('absent without a run'),
}) satisfies z.ZodType<NetworkTotals>;

export const receptiveFieldStep = z
  .strictObject({
    name: z.string(),
    kernel: count,
    step: count.describe("the layer's own stride"),
    size: count.describe('side of the square of pixels that one output depends on'),
    stride: count.describe('pixels between neighbouring outputs'),
    sizeBefore: count.describe('r_(n-1)'),
    strideBefore: count.describe('j_(n-1): the product of the strides of all layers before'),
  })
  .describe(
    'one step of the formula r_n = r_(n-1) + (k_n - 1) * j_(n-1)',
  ) satisfies z.ZodType<ReceptiveFieldStep>;

const kernelStack = z
  .strictObject({
    layers: count,
    kernel: count,
    receptiveField: count,
    weights: count.describe('of all kernels, biases left out: layers * kernel^2 * C^2'),
    biases: count,
    macs: count.describe('multiply-adds on the map'),
    nonLinearities: count.describe('a ReLU follows each convolution'),
  })
  .describe(
    'convolutions with equal kernels, stride 1, channels kept, that see one square',
  ) satisfies z.ZodType<KernelStack>;

export const kernelComparison = z.strictObject({
  one: kernelStack,
  stack: kernelStack,
  saved: share.describe('share of the weights, and so of the multiply-adds, that the stack saves'),
}) satisfies z.ZodType<KernelComparison>;

export const description = z
  .strictObject({
    subject: z.string(),
    what: z.string().describe('what it was found to be, in words'),
    input: z
      .tuple([count, count, count])
      .readonly()
      .describe('pixels that go in: channels, height, width'),
    layers: list(layerRow),
    totals: networkTotals,
    receptiveField: list(receptiveFieldStep),
    comparison: z
      .strictObject({
        alexnet: z.strictObject({ source: z.string(), layers: list(layerRow) }),
        side: count.describe('of the map that kernels are compared on'),
        channels: count,
        kernels: list(kernelComparison),
      })
      .exactOptional()
      .describe("AlexNet's layers beside VGG's, and what stacks of small kernels save"),
  })
  .describe('the layers of a network') satisfies z.ZodType<Description>;

const three = z.tuple([z.number(), z.number(), z.number()]);

const preprocessing = z.strictObject({
  channels: z.enum(['rgb', 'bgr']),
  scale: z.number().describe('multiplies 0-255; then (x - mean) / std'),
  mean: three.readonly(),
  std: three.readonly(),
  size: count.describe('side of the square input, in pixels'),
  resize: count.describe('the shorter side becomes this, then the centre is cropped'),
});

const tensorRow = z.strictObject({
  name: z.string().describe('in the file'),
  canonical: z.string().optional().describe('absent for a surplus tensor'),
  dtype: z.string(),
  shape: list(count).describe('in the file'),
}) satisfies z.ZodType<TensorDescription>;

export const weightsFormat = z.enum(['safetensors', 'pytorch', 'keras-h5', 'keras', 'onnx']);
export const weightsFamily = z.enum(['torchvision', 'timm', 'keras', 'vggtune']);

export const weightsDescription = z
  .strictObject({
    path: z.string(),
    bytes: count,
    format: weightsFormat,
    family: weightsFamily,
    backbone: z
      .enum(BACKBONES)
      .optional()
      .describe('absent for a network of another structure, or when convolutions are missing'),
    structure: z.string().describe('in words'),
    folded: z.boolean().describe('batch norm is already part of the convolutions'),
    classes: count.optional().describe('absent without an output layer'),
    preprocessing: preprocessing.optional().describe('absent where it is not known'),
    preprocessingAssumed: z
      .boolean()
      .describe('the file says nothing of it: it is what is usual for its family'),
    notes: texts.describe('how the file was understood, where that is not plain'),
    parameters: count.describe('numbers in the tensors that are used'),
    tensors: list(tensorRow),
    missing: texts.describe('canonical names that the nearest network has and the file has not'),
    surplus: texts.describe("the file's names that no VGG has"),
    metadata: z.record(z.string(), z.string()),
  })
  .describe('what a weights file holds') satisfies z.ZodType<WeightsDescription>;

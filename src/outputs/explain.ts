import { z } from 'zod';
import type { DenseLesson } from '../explain/dense.ts';
import type { KernelLesson } from '../explain/kernels.ts';
import type { Explained } from '../explain/lesson.ts';
import type { FieldLesson } from '../explain/receptive-field.ts';
import type { StrategyLesson } from '../explain/strategies.ts';
import { HEADS } from '../network/catalog.ts';
import { kernelComparison, receptiveFieldStep } from './network.ts';
import { count, list, share, strategy, texts } from './parts.ts';

/** What two lessons say of stacks. */
const compared = {
  channels: count.describe('channels in and out of the compared map'),
  side: count.describe('side of the compared map, in cells'),
  stacks: list(kernelComparison).describe('stacks of 3x3 kernels beside one of 5x5, 7x7 and 11x11'),
};

const fieldLesson = z.strictObject({
  topic: z.literal('receptive-field'),
  layers: list(
    receptiveFieldStep.extend({
      share: z.number().describe('of the side of the image; more than 1 where it exceeds that'),
    }),
  ).describe('convolutions and pools'),
  ...compared,
}) satisfies z.ZodType<FieldLesson>;

const kernelLesson = z.strictObject({
  topic: z.literal('kernels'),
  layers: list(
    z.strictObject({
      name: z.string(),
      kind: z.enum(['conv', 'dense']),
      kernel: count.exactOptional().describe('side of a kernel; absent for a dense layer'),
      inputs: count,
      outputs: count,
      output: list(count).describe('without the batch axis: [C, H, W] or [C]'),
      parameters: count,
      macs: count.describe('multiply-adds of one image'),
      ofParameters: share,
      ofMacs: share,
    }),
  ),
  otherParameters: count.describe('in batch norms'),
  blocks: list(
    z.strictObject({
      block: z.string(),
      layers: texts,
      inputs: count,
      outputs: count,
      receptiveField: count.describe("in cells of the block's input"),
      weights: count.describe('of the stack, biases left out'),
      oneKernel: count.describe('weights of one kernel that sees the same'),
      macs: count,
      oneKernelMacs: count,
      saved: z.number().max(1).describe('negative where the stack has more weights'),
    }),
  ).describe('blocks of several convolutions'),
  ...compared,
}) satisfies z.ZodType<KernelLesson>;

const denseLesson = z.strictObject({
  topic: z.literal('dense'),
  parameters: z.strictObject({ total: count, backbone: count, head: count }),
  layers: list(
    z.strictObject({
      name: z.string(),
      inputs: count,
      outputs: count,
      parameters: count,
      share: share.describe('of all parameters'),
      kernel: count.describe('side of the kernels of the convolution that computes the same'),
      channels: count.describe('channels that those kernels take'),
    }),
  ),
  heads: list(z.strictObject({ head: z.enum(HEADS), parameters: count, total: count })).describe(
    'what the network would hold with each head',
  ),
  window: count.describe('side of the window that one score sees, in cells of the last map'),
  map: count.describe('side of the last map on an image of the trained size'),
  stride: count.describe('pixels between two windows'),
  images: list(
    z.strictObject({
      size: count,
      map: count,
      scores: count.describe('side of the map of scores'),
      macs: count.describe('multiply-adds of the one pass'),
      crops: count.describe('of the trained size, that the pass stands for'),
      cropMacs: count.describe('multiply-adds of these one by one'),
    }),
  ),
}) satisfies z.ZodType<DenseLesson>;

const strategyLesson = z.strictObject({
  topic: z.literal('strategies'),
  cases: list(
    z.strictObject({
      strategy,
      data: z.enum(['small', 'large']),
      images: z.enum(['similar', 'different']),
      start: z.enum(['pretrained', 'random']),
      head: z.enum(HEADS),
      solved: z.boolean().describe('the output layer is solved before anything is stepped'),
      frozen: texts,
      trained: texts,
      parameters: z.strictObject({ total: count, trained: count }),
      epochs: count.describe('0 where no steps are taken'),
      batchSize: count,
      pictures: count.describe('of an image, that the frozen layers run over once each'),
      macs: z
        .strictObject({
          frozen: count.describe('the frozen layers, over one picture'),
          solving: count.describe(
            'the layers between these and the output layer, before it is solved',
          ),
          step: count.describe('one image in one step, forward and backward'),
          cached: count.describe('one image in the whole training'),
          uncached: count.describe('the same where the frozen layers run again in each epoch'),
        })
        .describe('multiply-adds'),
      kept: count.describe('bytes of activations that are kept of one picture'),
    }),
  ),
}) satisfies z.ZodType<StrategyLesson>;

export const explainOutput = z
  .strictObject({
    subject: z.string().describe('as it was named: a network, a run, or a file'),
    what: z.string().describe('what it was found to be, in words'),
    size: count.describe('side of the input, in pixels'),
    totals: z.strictObject({ parameters: count, macs: count }),
    lesson: z.discriminatedUnion('topic', [fieldLesson, kernelLesson, denseLesson, strategyLesson]),
    page: z.string().exactOptional().describe('the page that was written'),
  })
  .describe('a network, explained') satisfies z.ZodType<Explained>;

import { z } from 'zod';
import type { FeaturesReport } from '../pipeline/features.ts';
import { count, strategy } from './parts.ts';

export const featuresOutput = z
  .strictObject({
    strategy,
    layer: z.string().describe('the last layer that is run; what follows it is trained'),
    images: count.describe('images of the share whose activations are in the cache'),
    of: count.describe('images of all shares'),
    views: count.describe('augmented views of each training image beside the image as it is'),
    unreadable: count.describe('images of the share that could not be read'),
    folder: z.string().describe('the cache folder'),
  })
  .describe('what features has computed') satisfies z.ZodType<FeaturesReport>;

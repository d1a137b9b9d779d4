import { z } from 'zod';
import type { CacheEntry } from '../pipeline/inspect/cache.ts';
import { count, list } from './parts.ts';

const cacheEntry = z.strictObject({
  kind: z
    .enum(['features', 'weights', 'scan', 'near-duplicates', 'archives', 'trials'])
    .describe(
      'features: activations of frozen layers; scan, near-duplicates: findings on images; archives: unpacked ones; trials: what strategies came to',
    ),
  name: z.string(),
  path: z.string(),
  bytes: count,
  used: z.string().describe('when it was last used (of weights: fetched), as ISO 8601'),
}) satisfies z.ZodType<CacheEntry>;

export const cacheOutput = z.union([
  z
    .strictObject({
      folder: z.string(),
      limit: count.nullable().describe('most bytes that features may take; null: no limit'),
      bytes: count.describe('what everything takes together'),
      entries: list(cacheEntry),
    })
    .describe('of cache list'),
  z
    .strictObject({ folder: z.string(), removed: list(cacheEntry), freed: count })
    .describe('of cache prune'),
]);

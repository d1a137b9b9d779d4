import { z } from 'zod';
import type { AuditReport, Copies, LabelSuspect, OddLook, Outlier } from '../audit/findings.ts';
import { BACKBONES } from '../network/catalog.ts';
import { count, list, share, skippedFile, texts } from './parts.ts';

const labelSuspect = z.strictObject({
  path: z.string(),
  label: z.string(),
  likely: z.string().describe('the class that it probably is'),
  wrong: share.describe('how probable it is that the label is wrong'),
  probability: share.describe('that of the likely class, by fits that have not seen the image'),
}) satisfies z.ZodType<LabelSuspect>;

const copies = z.strictObject({
  images: list(
    z.strictObject({
      path: z.string(),
      label: z.string(),
      side: z
        .enum(['train', 'val', 'test'])
        .nullable()
        .describe("the side that the folder's layout names; null: none"),
    }),
  ),
  labelsDiffer: z.boolean(),
  isLeak: z.boolean().describe('whether they are in different subsets'),
}) satisfies z.ZodType<Copies>;

const outlier = z.strictObject({
  path: z.string(),
  label: z.string(),
  score: z.number().describe('how far out it is: a modified z-score, above 3.5'),
}) satisfies z.ZodType<Outlier>;

const oddLook = z.strictObject({
  path: z.string(),
  label: z.string(),
  look: z.enum(['blank', 'dark', 'tiny', 'blurred']),
  width: count,
  height: count,
}) satisfies z.ZodType<OddLook>;

export const auditOutput = z
  .strictObject({
    folder: z.string(),
    images: count,
    classes: texts,
    backbone: z.enum(BACKBONES),
    weights: z.string().describe('where they came from'),
    labels: z
      .strictObject({
        wrong: z.number().min(0).describe('how many labels are wrong in all, by expectation'),
        agreement: share.describe('of the images whose label is the most probable class'),
        folds: count,
        fits: count.describe('how many fits judged each image'),
      })
      .nullable()
      .describe('null: too few images to judge labels by'),
    suspects: list(labelSuspect).describe('labels that may be wrong, the surest first'),
    copies: list(copies).describe('images that show nearly the same'),
    outliers: list(outlier).describe('images that are like no other'),
    looks: list(oddLook).describe('images in which little can be seen'),
    pairs: list(
      z.strictObject({
        classes: z.tuple([z.string(), z.string()]).readonly(),
        images: count,
        toldApart: share.describe('share of the images that are on the right side'),
      }),
    ).describe('classes that are told apart no better than by a coin'),
    broken: list(skippedFile).describe('files that cannot be used'),
    csv: z.string(),
    page: z.string(),
  })
  .describe('what is wrong with a folder of images') satisfies z.ZodType<AuditReport>;

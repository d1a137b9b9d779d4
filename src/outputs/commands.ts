import { z } from 'zod';
import type { Explanation } from '../config/explain.ts';
import { EXPORT_FORMATS, SHELLS } from '../config/names.ts';
import { runConfigSchema } from '../config/schema.ts';
import type { Verification } from '../export/compare.ts';
import { BACKBONES } from '../network/catalog.ts';
import type { ExportedFolder } from '../pipeline/export/export-run.ts';
import type { GroupedCheck } from '../pipeline/inspect/doctor.ts';
import type { Guess, Prediction } from '../pipeline/predict.ts';
import type { ListedSource } from '../weights/manage.ts';
import type { WeightsSource } from '../weights/sources.ts';
import type { WeightsCheck } from '../weights/verify.ts';
import { description, weightsDescription, weightsFamily, weightsFormat } from './network.ts';
import {
  count,
  failedGates,
  list,
  seconds,
  share,
  sideName,
  skippedFile,
  strategy,
  texts,
  warnings,
} from './parts.ts';
import { epochRow, imagePrediction, metricsRecord, planRecord, writtenFile } from './run.ts';

export const trainOutput = z.strictObject({
  run: z.string().describe('the run folder'),
  strategy,
  plan: planRecord,
  metrics: metricsRecord.nullable().describe('null: there were no images to measure on'),
  epochs: list(epochRow),
  files: list(writtenFile),
  warnings,
  skipped: list(skippedFile).describe('images that could not be read, and why'),
  failedGates,
  config: runConfigSchema.describe('the settings, resolved'),
});

export const evaluateOutput = metricsRecord.extend({
  run: z.string(),
  side: sideName
    .exactOptional()
    .describe('the subset that was measured; absent: all images of `data`'),
  data: z
    .string()
    .exactOptional()
    .describe("the folder of the images; absent: they are the run's own"),
  worst: list(imagePrediction)
    .exactOptional()
    .describe('with --worst: the images with the highest loss, that first'),
  predictions: list(imagePrediction).exactOptional().describe('with --predictions: every image'),
  failedGates,
  warnings,
  skipped: list(skippedFile),
});

export const reportOutput = z.strictObject({
  runs: texts.describe('the run folders'),
  report: z.string().describe('the page that was written'),
  missing: texts.describe('what the folders do not hold, a sentence each'),
});

const guess = z.strictObject({ label: z.string(), probability: share }) satisfies z.ZodType<Guess>;

const prediction = z.union([
  z.strictObject({ path: z.string(), guesses: list(guess).describe('the surest first') }),
  z
    .strictObject({ path: z.string(), error: z.string() })
    .describe('a file that could not be read, and why'),
]) satisfies z.ZodType<Prediction>;

export const predictOutput = z.strictObject({ run: z.string(), predictions: list(prediction) });

const verification = z.strictObject({
  readBy: z.string().describe('the software that loaded the export again'),
  exactness: z
    .enum(['float', 'half', 'byte'])
    .describe('what the numbers of the form can hold of those that were trained'),
  images: count,
  largestDifference: z.number().describe('of a probability'),
  agreement: share.describe('share of the images with the same top class'),
  accuracy: z
    .strictObject({ trained: share, exported: share })
    .exactOptional()
    .describe('of the trained network and of the export, on the images whose class is known'),
}) satisfies z.ZodType<Verification>;

const exportedFolder = z.strictObject({
  format: z.enum(EXPORT_FORMATS),
  folder: z.string(),
  verification,
}) satisfies z.ZodType<ExportedFolder>;

export const exportOutput = z.strictObject({
  run: z.string(),
  exports: list(exportedFolder),
  warnings,
});

export const describeOutput = z.union([
  description,
  weightsDescription,
  weightsDescription.extend(description.shape).describe('a weights file and its layers'),
]);

const weightsSource = z.strictObject({
  id: z.string().describe('how the user names it: vgg16/timm'),
  backbone: z.enum(BACKBONES),
  family: weightsFamily.exclude(['vggtune']),
  format: weightsFormat.exclude(['onnx', 'keras']),
  url: z.string(),
  file: z.string().describe('its name in the cache folder'),
  bytes: count.exactOptional().describe('where the publisher says'),
  hashes: z
    .strictObject({
      sha256: z.string().exactOptional(),
      sha256Prefix: z.string().exactOptional().describe('the first eight hex digits'),
      md5: z.string().exactOptional(),
    })
    .describe('of the whole file; at least one is known'),
  licence: z.string(),
  top1: z
    .number()
    .exactOptional()
    .describe("top-1 on ImageNet's validation set in per cent, one centre crop, where published"),
  holds: z.enum(['all', 'features']).describe('Keras has files without a classifier'),
  featuresSha256: z
    .string()
    .exactOptional()
    .describe('of the convolutions and batch norms alone, in the order of the file, where known'),
}) satisfies z.ZodType<WeightsSource>;

const listedSource = weightsSource.extend({
  cached: z.enum(['all', 'features']).optional().describe('what of it is on this machine'),
  path: z.string().optional(),
}) satisfies z.ZodType<ListedSource>;

const weightsCheck = z
  .enum(['published', 'published-32-bits', 'own-hash'])
  .describe(
    'what a file was compared with: the hash that is published, the 32 bits of one that are published, or only the hash that it carries itself, which tells damage and no more',
  ) satisfies z.ZodType<WeightsCheck>;

export const weightsOutput = z.union([
  z.strictObject({ sources: list(listedSource) }).describe('of weights list'),
  z.strictObject({ path: z.string() }).describe('of weights fetch and weights path'),
  z
    .strictObject({ source: z.string(), path: z.string(), checked: weightsCheck })
    .describe('of weights import'),
  z
    .strictObject({
      files: list(
        z.strictObject({
          name: z.string(),
          path: z.string(),
          bytes: count,
          problem: z.string().nullable().describe('null: nothing wrong was found'),
          checked: weightsCheck.nullable().describe('null where there is a problem'),
        }),
      ),
    })
    .describe('of weights verify'),
]);

export const completionOutput = z.strictObject({
  shell: z.enum(SHELLS),
  script: z.string(),
});

const check = z.strictObject({
  group: z.enum(['machine', 'engines', 'images', 'storage', 'weights']),
  name: z.string(),
  state: z
    .enum(['ok', 'low', 'absent', 'broken', 'failed'])
    .describe('low: enough for small work; what is not needed may be absent, or there and broken'),
  detail: z.string(),
  fix: z.string().exactOptional(),
  device: z.string().exactOptional().describe('of a device that works: what --device takes'),
}) satisfies z.ZodType<GroupedCheck>;

export const doctorOutput = z.strictObject({
  ok: z.boolean(),
  verdict: z.string().describe('what the checks come to, for a person'),
  checks: list(check),
});

const explanation = z.strictObject({
  path: z.string().describe('the key, dotted'),
  value: z.unknown(),
  origin: z
    .string()
    .describe('default, strategy head, preset best, a file and its line, a variable, or a flag'),
}) satisfies z.ZodType<Explanation>;

export const configOutput = z.union([
  runConfigSchema.describe('the settings, resolved'),
  z
    .strictObject({ config: runConfigSchema, explanations: list(explanation) })
    .describe('of --explain'),
  z.looseObject({ $schema: z.string() }).describe('of --schema and --schema-of: a JSON Schema'),
]);

export const demoOutput = z.strictObject({
  images: z.strictObject({ trained: count, unseen: count }),
  classes: texts,
  strategy: strategy.describe('what the advisor chose'),
  accuracy: share.describe('share of the unseen images whose class the fine-tuned network names'),
  scratch: z
    .strictObject({ accuracy: share, epochs: count })
    .describe('the same network, trained from random weights on the same images'),
  chance: share.describe('the accuracy of always naming the most frequent class'),
  seconds,
  run: z.string(),
  model: z.string(),
  predict: z.string().describe('a command that predicts with the model'),
  metrics: metricsRecord.nullable(),
  warnings,
});

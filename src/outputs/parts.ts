import { z } from 'zod';
import { EXIT_CODES, type FailureKind } from '../base/errors.ts';
import type { ConfigIssue } from '../config/issues.ts';
import { METRICS, STRATEGIES } from '../config/schema.ts';
import type { SkippedFile } from '../dataset/types.ts';

/** A document is read, not changed: its lists are readonly. */
export const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
export const count = z.int().min(0);
export const share = z.number().min(0).max(1);
export const seconds = z.number().min(0);
export const texts = list(z.string());
export const strategy = z.enum(STRATEGIES);
export const sideName = z.enum(['train', 'val', 'test', 'cross-validation']);

/** Figures by name; a figure that could not be measured is absent. */
export const figures = z
  .record(z.string(), z.number())
  .describe('figures by name; one that could not be measured is absent');
export const metricName = z.enum(METRICS);

export const skippedFile = z.strictObject({
  path: z.string(),
  reason: z.string(),
}) satisfies z.ZodType<SkippedFile>;

export const warning = z.strictObject({ code: z.string(), message: z.string() });
export const warnings = list(warning).describe('what was odd, and did not stop the work');

export const failedGates = list(
  z.strictObject({
    gate: z.string().describe('the condition, as it was given'),
    value: z.number().nullable().describe('null: not measured, which misses the gate'),
  }),
).describe('conditions of --fail-if that hold; any makes the exit code 4');

export const configIssue = z.strictObject({
  path: z.string().describe('the key, dotted: optimizer.learningRate; empty for the whole'),
  where: z.string().describe('where the user wrote it: a flag, file:line, a variable, a preset'),
  message: z.string(),
  expected: z.string().exactOptional(),
  found: z.string().exactOptional(),
  fix: z.string().exactOptional(),
}) satisfies z.ZodType<ConfigIssue>;

const kinds = Object.keys(EXIT_CODES).filter((kind) => kind !== 'ok') as ('bug' | FailureKind)[];

/** The document that every command prints when it fails. */
export const errorDocument = z
  .strictObject({
    error: z.strictObject({
      kind: z.enum(kinds),
      message: z.string(),
      exitCode: z.int().min(1).max(255).describe("the process's exit code"),
      expected: z.string().exactOptional(),
      found: z.string().exactOptional(),
      where: z
        .string()
        .exactOptional()
        .describe('a path, a key path of a config, a flag, or a byte offset'),
      fix: z.string().exactOptional().describe('what the user can do about it'),
      issues: list(configIssue)
        .exactOptional()
        .describe('everything that is wrong with the settings, at once'),
    }),
  })
  .describe('why the command failed');
export type ErrorDocument = z.output<typeof errorDocument>;

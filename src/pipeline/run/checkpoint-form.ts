import { createHash } from 'node:crypto';
import { z } from 'zod';
import { checkForm } from '../../base/check-form.ts';
import type { NamedTensors } from '../../base/tensor.ts';
import type { Progress } from '../../training/checkpoint.ts';

/** JSON has no NaN: a figure that could not be measured is null in it. */
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const count = z.number().int().nonnegative();
const figures = z.record(z.string(), number);

const progress = z
  .object({
    phase: count,
    epoch: count,
    batch: count,
    sums: z.object({ loss: number, correct: count, images: count }),
    history: z.array(figures),
    before: figures.exactOptional(),
    startLosses: z.array(number).exactOptional(),
    clear: z.array(z.boolean()).exactOptional(),
    stopped: z.boolean().exactOptional(),
    judged: z
      .object({
        history: z.array(figures),
        before: figures.exactOptional(),
        best: z.number().int().min(-1),
      })
      .exactOptional(),
  })
  .refine(({ history, epoch }) => history.length === epoch, {
    message: 'there have to be figures of each epoch that is over',
    path: ['history'],
  })
  .refine(({ judged }) => judged === undefined || judged.best < judged.history.length, {
    message: 'the best epoch has to be one of those that are over',
    path: ['judged', 'best'],
  }) satisfies z.ZodType<Progress>;

/** @returns where a run stands, or what is wrong with the text that says so */
export function parseProgress(text: string): Progress | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'progress that is no JSON' };
  }
  const { data, error } = checkForm(progress, value);
  if (error === undefined) return data;
  const [issue] = error.issues;
  return { problem: `progress.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong'}` };
}

/**
 * SHA-256 in hex over everything that a checkpoint says: the metadata but the hash itself, and the name, the
 * shape and the bytes of each tensor.
 */
export function checkpointHash(
  tensors: NamedTensors,
  { sha256: _, ...metadata }: Readonly<Record<string, string>>,
): string {
  const hash = createHash('sha256').update(
    JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  for (const [name, { shape, data }] of tensors) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

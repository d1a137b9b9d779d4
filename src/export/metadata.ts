import { z } from 'zod';
import { checkForm } from '../base/check-form.ts';
import { dataError } from '../base/errors.ts';
import {
  BACKBONES,
  type BackboneName,
  HEADS,
  LARGEST_HIDDEN,
  LARGEST_SIDE,
} from '../network/catalog.ts';
import type { HeadSpec } from '../network/head.ts';
import type { NetworkSpec, Preprocessing } from '../network/spec.ts';

/** The description in an exported model: all that is needed to use it, in any tool. */
export interface ModelDescription {
  readonly backbone: BackboneName;
  readonly head: HeadSpec;
  /** The classes, in the order of the outputs. */
  readonly labels: readonly string[];
  readonly preprocessing: Preprocessing;
  /** What lies behind transparent pixels, as #rrggbb. */
  readonly background: string;
}

const FORMAT = 'vggtune-model';
const VERSION = '1';

/** The description as the string pairs that ONNX and safetensors files carry. */
export function toMetadata(model: ModelDescription): Record<string, string> {
  const { backbone, head, labels, preprocessing, background } = model;
  return {
    format: FORMAT,
    version: VERSION,
    backbone,
    head: JSON.stringify(head),
    labels: JSON.stringify(labels),
    preprocessing: JSON.stringify(preprocessing),
    background,
  };
}

const finite = z.number();
const positive = finite.positive();
const side = z.int().positive().max(LARGEST_SIDE);
const preprocessing = z.object({
  channels: z.enum(['rgb', 'bgr']),
  scale: positive,
  mean: z.tuple([finite, finite, finite]),
  std: z.tuple([positive, positive, positive]),
  size: side,
  resize: side,
});
const head = z.object({
  kind: z.enum(HEADS),
  dropout: finite.min(0).max(1),
  hidden: z.int().positive().max(LARGEST_HIDDEN),
});

/**
 * The schema of the metadata. A model may come from anywhere: without these checks it could name a network of
 * any size.
 */
const description = z.object({
  backbone: z.enum(BACKBONES),
  head: jsonOf(head),
  labels: jsonOf(z.array(z.string()).min(1)),
  preprocessing: jsonOf(preprocessing),
  background: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i)
    .default('#ffffff'),
});

/** A text that holds JSON of a form. */
function jsonOf<T extends z.ZodType>(form: T) {
  return z.string().transform((text, context): z.output<T> => {
    const { data, error } = checkForm(form, parsedJson(text));
    if (error === undefined) return data as z.output<T>;
    for (const { path, message } of error.issues) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    return z.NEVER;
  });
}

/** @returns undefined, which no form allows, for a text that is no JSON */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @throws VggtuneError (data) when the file is no model of this project, or of another version, or
 *   what it says of itself cannot be
 */
export function fromMetadata(
  metadata: Readonly<Record<string, string>>,
  where: string,
): ModelDescription {
  const { format, version } = metadata;
  if (format !== FORMAT || version !== VERSION) {
    throw dataError(`${where} is not a model that vggtune has exported`, {
      expected: `metadata with format "${FORMAT}" and version ${VERSION}`,
      found: `format "${format ?? 'none'}", version ${version ?? 'none'}`,
      where,
      fix: 'export the run again',
    });
  }
  const read = description.safeParse(metadata);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw dataError(`${where} says of itself what cannot be`, {
    expected: `the metadata of an export by vggtune`,
    found: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    where: `${where}, metadata`,
    fix: 'export the run again',
  });
}

/** The description of a network in use. */
export function describeModel(
  network: NetworkSpec,
  of: Pick<ModelDescription, 'head' | 'labels' | 'background'>,
): ModelDescription {
  const { preprocessing } = network;
  return { backbone: network.backbone as BackboneName, preprocessing, ...of };
}

import { dataError } from '../base/errors.ts';
import type { BackboneName } from '../network/catalog.ts';
import type { HeadSpec } from '../network/head.ts';
import type { NetworkSpec, Preprocessing } from '../network/spec.ts';

/** What an exported model says of itself: all that is needed to use it, in any tool. */
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

/** @throws VggtuneError (data) when the file is no model of this project, or of another version */
export function fromMetadata(
  metadata: Readonly<Record<string, string>>,
  where: string,
): ModelDescription {
  const { format, version, backbone, head, labels, preprocessing, background } = metadata;
  const complete = head !== undefined && labels !== undefined && preprocessing !== undefined;
  if (format !== FORMAT || version !== VERSION || !complete || backbone === undefined) {
    throw dataError(`${where} is not a model that vggtune has exported`, {
      expected: `metadata with format "${FORMAT}" and version ${VERSION}`,
      found: `format "${format ?? 'none'}", version ${version ?? 'none'}`,
      where,
      fix: 'export the run again',
    });
  }
  return {
    backbone: backbone as BackboneName,
    head: JSON.parse(head) as HeadSpec,
    labels: JSON.parse(labels) as string[],
    preprocessing: JSON.parse(preprocessing) as Preprocessing,
    background: background ?? '#ffffff',
  };
}

/** The description of a network in use. */
export function describeModel(
  network: NetworkSpec,
  of: Pick<ModelDescription, 'head' | 'labels' | 'background'>,
): ModelDescription {
  const { preprocessing } = network;
  return { backbone: network.backbone as BackboneName, preprocessing, ...of };
}

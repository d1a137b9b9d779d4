import type { NamedTensors } from '../base/tensor.ts';
import type { NetworkSpec, Preprocessing } from '../network/spec.ts';

/** A trained network as every exporter takes it. */
export interface ExportModel {
  readonly network: NetworkSpec;
  readonly weights: NamedTensors;
  /** Names of the classes, in the order of the outputs. */
  readonly labels: readonly string[];
  /** Colour behind transparent pixels, as #rrggbb. */
  readonly background: string;
  readonly run: RunFacts;
  /** Where the backbone's weights came from: source, licence, hash. */
  readonly provenance: Readonly<Record<string, string>>;
}

export interface RunFacts {
  readonly name: string;
  readonly strategy: string;
  /** The side of the data that the metrics were measured on, and the figures. */
  readonly side: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * The model card, which is put beside or into every export, so that it is never separated from its meaning.
 */
export interface ModelCard {
  readonly format: 'vggtune-model-card';
  readonly version: 1;
  readonly backbone: string;
  readonly head: string;
  readonly labels: readonly string[];
  readonly preprocessing: Preprocessing & {
    readonly background: string;
    readonly resizeRule: string;
    readonly inside: string;
  };
  readonly run: RunFacts;
  readonly provenance: Readonly<Record<string, string>>;
}

/** The resizing rule that `predict` follows, and that is outside the exported graph. */
export function resizeRule({ resize, size }: Preprocessing): string {
  const scaled = `scale the upright image so that its shorter side is ${Math.max(resize, size)} pixels (bilinear with antialiasing, as Pillow's BILINEAR; the longer side is rounded down)`;
  return `${scaled}, then cut out the centre of ${size} x ${size} pixels`;
}

/** @param inside what of the preprocessing the exported graph does itself */
export function modelCard(model: ExportModel, inside: string): ModelCard {
  const { network, labels, background, run, provenance } = model;
  return {
    format: 'vggtune-model-card',
    version: 1,
    backbone: network.backbone,
    head: network.head,
    labels,
    preprocessing: {
      ...network.preprocessing,
      background,
      resizeRule: resizeRule(network.preprocessing),
      inside,
    },
    run,
    provenance,
  };
}

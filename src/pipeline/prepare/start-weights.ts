import { createHash } from 'node:crypto';
import { canonicalJson } from '../../base/hash.ts';
import type { NamedTensors } from '../../base/tensor.ts';
import type { RunConfig } from '../../config/schema.ts';
import { buildNetwork } from '../../network/build.ts';
import { BACKBONE_ROWS } from '../../network/catalog.ts';
import { layerParameters } from '../../network/parameters.ts';
import {
  atSize,
  plainPreprocessing,
  TORCHVISION_PREPROCESSING,
} from '../../network/preprocessing.ts';
import type { NetworkSpec, Preprocessing } from '../../network/spec.ts';
import { loadWeights } from '../../weights/load.ts';
import { statedPreprocessing } from '../../weights/stated-preprocessing.ts';
import type { WorkContext } from './work-context.ts';

export interface Start {
  readonly network: NetworkSpec;
  readonly weights: NamedTensors;
  /** Layers of the head that start from random weights. */
  readonly newLayers: ReadonlySet<string>;
  /** The origin of the weights, as a sentence for the user. */
  readonly source: string;
  /** The origin as separate facts: source, licence, hashes. */
  readonly provenance: Readonly<Record<string, string>>;
}

/** What a run begins with, for a log; weights of the network's own name are not named twice. */
export const startSentence = (backbone: string, { source }: Pick<Start, 'source'>) =>
  `${backbone} starts from ${source.replace(`${backbone} (`, 'its own weights (')}`;

/** Whether a config starts from pretrained weights. */
export function startsPretrained(config: Pick<RunConfig, 'weights'>): boolean {
  return config.weights !== 'random';
}

/**
 * Builds the network of a config and gives it its starting weights. The weights say how images are
 * prepared for them; the parameters of a network do not depend on that, so it is built before.
 */
export async function startingPoint(
  config: RunConfig,
  classes: number,
  context: WorkContext,
): Promise<Start> {
  const { size } = BACKBONE_ROWS[config.backbone];
  const usual = startsPretrained(config) ? TORCHVISION_PREPROCESSING : plainPreprocessing(size);
  const network = networkFor(config, classes, atSize(usual, size));
  const { weights: source, seed } = config;
  const { storage, offline = false, emit, signal } = context;
  const stated = await statedPreprocessing(
    config.weightsPreprocessing,
    BACKBONE_ROWS[config.backbone],
  );
  const request = { network, source, seed, stated, storage, offline, emit, signal };
  const loaded = await loadWeights(request);
  const prepared = loaded.preprocessing ?? stated;
  return {
    network: prepared === undefined ? network : networkFor(config, classes, prepared),
    weights: loaded.weights,
    newLayers: loaded.newLayers,
    source: Object.values(loaded.provenance).join(', '),
    provenance: loaded.provenance,
  };
}

/** SHA-256 of the starting weights, and of how they want their images prepared. */
export function startHash({ network, weights }: Pick<Start, 'network' | 'weights'>): string {
  const hash = createHash('sha256').update(canonicalJson(network.preprocessing));
  for (const { name } of network.layers.flatMap(layerParameters)) {
    const data = weights.get(name)?.data;
    if (data !== undefined) hash.update(name).update(data);
  }
  return hash.digest('hex');
}

/** The config's image size replaces the weights' own; the resize before the crop keeps its ratio. */
export function networkFor(
  config: RunConfig,
  classes: number,
  preprocessing: Preprocessing,
): NetworkSpec {
  const { backbone, head, image } = config;
  const own = atSize(preprocessing, image.size ?? preprocessing.size);
  return buildNetwork({ backbone, head, classes, preprocessing: own });
}

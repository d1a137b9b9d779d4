import type { Emit } from '../base/events.ts';
import type { NamedTensors } from '../base/tensor.ts';
import type { RunConfig } from '../config/schema.ts';
import { buildNetwork } from '../network/build.ts';
import { BACKBONE_ROWS } from '../network/catalog.ts';
import { layerParameters } from '../network/parameters.ts';
import { plainPreprocessing } from '../network/preprocessing.ts';
import type { NetworkSpec, Preprocessing } from '../network/spec.ts';
import { randomWeights } from '../weights/initialise.ts';

export interface Start {
  readonly network: NetworkSpec;
  readonly weights: NamedTensors;
  /** Layers of the head that start from random weights. */
  readonly newLayers: ReadonlySet<string>;
  /** Where the weights are from, as a sentence for the user. */
  readonly source: string;
}

/** Whether a config starts from pretrained weights; vgg-nano has none that are published. */
export function startsPretrained(config: Pick<RunConfig, 'backbone' | 'weights'>): boolean {
  if (config.weights === 'auto') return config.backbone !== 'vgg-nano';
  return config.weights !== 'random';
}

/** Builds the network of a config and gives it its starting weights. */
export async function startingPoint(
  config: RunConfig,
  classes: number,
  _options: { readonly offline: boolean; readonly emit: Emit },
): Promise<Start> {
  const network = networkFor(
    config,
    classes,
    plainPreprocessing(BACKBONE_ROWS[config.backbone].size),
  );
  return {
    network,
    weights: randomWeights(network, config.seed),
    newLayers: headLayers(network),
    source: `random weights (He initialisation, seed ${config.seed})`,
  };
}

/** The config's image size replaces the weights' own; the resize before the crop keeps its ratio. */
export function networkFor(
  config: RunConfig,
  classes: number,
  preprocessing: Preprocessing,
): NetworkSpec {
  const size = config.image.size ?? preprocessing.size;
  const resize = Math.round((size * preprocessing.resize) / preprocessing.size);
  const { backbone, head } = config;
  return buildNetwork({
    backbone,
    head,
    classes,
    preprocessing: { ...preprocessing, size, resize },
  });
}

function headLayers(network: NetworkSpec): ReadonlySet<string> {
  const head = network.layers.slice(network.headStart);
  return new Set(head.filter((layer) => layerParameters(layer).length > 0).map(({ name }) => name));
}

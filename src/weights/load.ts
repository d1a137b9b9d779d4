import type { NamedTensors } from '../base/tensor.ts';
import { openTensorFile } from '../formats/open.ts';
import { layerParameters } from '../network/parameters.ts';
import type { Preprocessing } from '../network/spec.ts';
import { randomWeights } from './initialise.ts';
import { type Located, type LocateRequest, locateWeights } from './locate.ts';
import { type ReadOptions, readWeights } from './read.ts';
import { recognise } from './recognise.ts';

/** The parameters of the network are filled; of its preprocessing nothing is used. */
export interface LoadRequest extends LocateRequest, Partial<ReadOptions> {
  /** The seed of what starts from random weights. */
  readonly seed: number;
}

export interface LoadedWeights {
  /** Every tensor of the network. */
  readonly weights: NamedTensors;
  /** Goes with the weights; undefined where any will do, or where the file says nothing of it. */
  readonly preprocessing: Preprocessing | undefined;
  /** Layers that start from random weights. */
  readonly newLayers: ReadonlySet<string>;
  /** Where the weights came from: `source`, and for a file `file`, `family`, `licence`, hashes. */
  readonly provenance: Readonly<Record<string, string>>;
}

/**
 * The starting weights of a network. The head starts from random weights, except for the hidden
 * layers that the file has in the same shape, and the output layer where `keepHead` asks for it.
 * Weights for BGR images come out for RGB ones, unless `channels` is `keep`.
 * @throws VggtuneError (unavailable) when they cannot be had, (data) when the file is damaged or
 *   holds another network
 */
export async function loadWeights(request: LoadRequest): Promise<LoadedWeights> {
  const located = await locateWeights(request);
  if (located === undefined) return fromRandom(request);
  return fromFile(request, located);
}

function fromRandom({ network, seed }: LoadRequest): LoadedWeights {
  const source = `random weights (He initialisation, seed ${seed})`;
  const newLayers = new Set(
    network.layers.filter((layer) => layerParameters(layer).length > 0).map(({ name }) => name),
  );
  return {
    weights: randomWeights(network, seed),
    preprocessing: undefined,
    newLayers,
    provenance: { source },
  };
}

async function fromFile(request: LoadRequest, located: Located): Promise<LoadedWeights> {
  const { network, seed, emit, keepHead = false, channels = 'rgb' } = request;
  const file = await openTensorFile(located.path);
  try {
    const found = recognise(file);
    const options = { keepHead, channels };
    const { weights, preprocessing } = await readWeights(file, found, { network, options });
    if (preprocessing === undefined) emit?.(unknownPreprocessing(located.path));
    const fresh = randomWeights(network, seed, (name) => !weights.has(name));
    const all = network.layers.flatMap(layerParameters).flatMap(({ name }) => {
      const tensor = weights.get(name) ?? fresh.get(name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    });
    return {
      weights: new Map(all),
      preprocessing,
      newLayers: new Set([...fresh.keys()].map((name) => name.slice(0, name.lastIndexOf('.')))),
      provenance: { ...located.provenance, family: found.family, format: file.format },
    };
  } finally {
    await file.close();
  }
}

function unknownPreprocessing(path: string) {
  return {
    type: 'warning',
    code: 'preprocessing-unknown',
    message: `${path} does not say how its images are to be prepared; the default is used`,
  } as const;
}

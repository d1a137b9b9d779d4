import type { Emit } from '../base/events.ts';
import type { NamedTensors } from '../base/tensor.ts';
import { openTensorFile } from '../formats/open.ts';
import { layerParameters } from '../network/parameters.ts';
import type { Preprocessing } from '../network/spec.ts';
import { randomWeights } from './initialise.ts';
import { type Located, type LocateRequest, locateWeights } from './locate.ts';
import { preprocessingWords } from './preprocessing-text.ts';
import { type ReadOptions, readWeights } from './read.ts';
import { type Recognised, recognise } from './recognise.ts';

/** The parameters of the network are filled; of its preprocessing nothing is used. */
export interface LoadRequest extends LocateRequest, Partial<ReadOptions> {
  /** The seed of what starts from random weights. */
  readonly seed: number;
  /** How images are prepared for these weights, where the user says so; it goes before what the file says. */
  readonly stated?: Preprocessing | undefined;
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
    const found = withStated(recognise(file), request.stated);
    const options = { keepHead, channels };
    const { weights, preprocessing } = await readWeights(file, found, { network, options });
    if (emit !== undefined) tellOf(found, { located, emit });
    const fresh = randomWeights(network, seed, (name) => !weights.has(name));
    // Who names a trained model may think that training goes on where it ended.
    if (found.family === 'vggtune' && located.provenance.source === 'file' && fresh.size > 0) {
      const message = `${located.path}: its output layer is left out, and begins anew; \`--resume RUN\` goes on with a run`;
      emit?.({ type: 'note', message });
    }
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

function withStated(found: Recognised, stated: Preprocessing | undefined): Recognised {
  return stated === undefined ? found : { ...found, preprocessing: stated, assumed: false };
}

/** What was made out of a file, where the file itself does not say it. What is published is known. */
function tellOf(
  { preprocessing, assumed, family, notes }: Recognised,
  { located, emit }: { readonly located: Located; readonly emit: Emit },
): void {
  const { path, provenance } = located;
  for (const note of notes) emit({ type: 'note', message: `${path}: ${note}` });
  const fix = '--weights.preprocessing says how';
  if (preprocessing === undefined) {
    const message = `${path} does not say how its images are to be prepared; the default is used: ${fix}`;
    emit({ type: 'warning', code: 'preprocessing-unknown', message });
  } else if (assumed && provenance.source === 'file') {
    const words = preprocessingWords(preprocessing);
    const message = `${path} does not say how its images are to be prepared: what is usual for ${family} is assumed (${words}); where that is wrong, ${fix}`;
    emit({ type: 'note', message });
  }
}

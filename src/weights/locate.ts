import type { Emit } from '../base/events.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { embeddedWeights } from './embedded.ts';
import { fetchWeights } from './fetch.ts';
import { publishedSource } from './sources.ts';

/** A weights file on this machine. */
export interface Located {
  readonly path: string;
  readonly provenance: Readonly<Record<string, string>>;
}

export interface LocateRequest {
  readonly network: NetworkSpec;
  readonly source: string;
  readonly offline?: boolean;
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
}

/**
 * The file that weights are read from; undefined where they are random. `auto` takes what comes with
 * the package, or else what is published; that is fetched when it is not there: for a head that
 * pools, the convolutions alone.
 * @throws VggtuneError (unavailable) when it cannot be fetched
 */
export async function locateWeights(request: LocateRequest): Promise<Located | undefined> {
  const { network, source: wanted } = request;
  if (wanted === 'random') return undefined;
  if (wanted !== 'auto') return { path: wanted, provenance: { source: 'file', file: wanted } };
  const embedded = embeddedWeights(network.backbone);
  if (embedded !== undefined) {
    const { path, data, licence } = embedded;
    const source = `${network.backbone} (part of vggtune, pretrained on ${data})`;
    return { path, provenance: { source, licence } };
  }
  const source = publishedSource(network.backbone);
  if (source === undefined) return undefined;
  const part = network.head === 'vgg' ? 'all' : 'features';
  const path = await fetchWeights(source, { ...request, part });
  const { id, url, licence, hashes } = source;
  return { path, provenance: { source: id, url, licence, ...hashes } };
}

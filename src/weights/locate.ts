import { basename } from 'node:path';
import type { Emit } from '../base/events.ts';
import type { Storage } from '../base/storage.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { embeddedWeights } from './embedded.ts';
import { fetchWeights } from './fetch.ts';
import { publishedSource } from './sources.ts';
import { checkOfFeatures, type WeightsCheck } from './verify.ts';

/** A weights file on this machine. */
export interface Located {
  readonly path: string;
  readonly provenance: Readonly<Record<string, string>>;
}

/** What is stated of a part of a published file, whose hash is that of the whole file. */
const PARTS: Readonly<Record<WeightsCheck, string>> = {
  published: 'the convolutions, as published',
  'published-32-bits': 'the convolutions, as published',
  'own-hash': 'the convolutions, not checked against a published hash',
};

export interface LocateRequest {
  readonly network: NetworkSpec;
  /** `auto` (the published ones, fetched where they are not there), `random`, or a file. */
  readonly source: string;
  readonly storage: Storage;
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
  const whole = basename(path) === source.file;
  const checked = whole ? hashes : { part: PARTS[checkOfFeatures(source)] };
  return { path, provenance: { source: id, url, licence, ...checked } };
}

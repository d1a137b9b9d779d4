import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { unavailableError } from '../base/errors.ts';
import { sameShape, sizeOf } from '../base/tensor.ts';
import type { ByteSource } from '../formats/byte-source.ts';
import {
  encodeSafetensorsHeader,
  readSafetensorsHeader,
  type SafetensorsEntry,
} from '../formats/safetensors.ts';
import { sizeOfFile } from './cache.ts';
import { type DownloadRequest, download, downloadRange, type Segment } from './download.ts';
import { discardPart, hasTag } from './download-part.ts';
import { nameTensors } from './naming.ts';
import { backboneShapes } from './recognise.ts';
import type { WeightsSource } from './sources.ts';

export interface FeaturesRequest
  extends Pick<DownloadRequest, 'onProgress' | 'signal' | 'patience'> {
  readonly source: WeightsSource;
  readonly url: string;
  /** The file that is written. */
  readonly path: string;
}

/**
 * Fetches the convolutions (and batch norms) of a published safetensors file alone: its header says
 * where they are. The publisher's hash is that of the whole file, so what is checked here is the
 * header, the length and each tensor's shape, and the hash of the convolutions where the source
 * says it; the hash of what came is kept for later checks.
 * @returns the path of a safetensors file of its own
 * @throws NoRanges when the server sends whole files only; VggtuneError (unavailable)
 */
export async function fetchFeatures(request: FeaturesRequest): Promise<string> {
  const { source, url, path } = request;
  const remote = await openRemote(request);
  const header = await readSafetensorsHeader(remote);
  const entries = featureEntries(source, url, header.tensors);
  const part = join(dirname(path), `.${basename(path)}.part`);
  // Unlike a whole file's, a part's hash is not published: it goes on with the same file only.
  if (!(await hasTag(part))) await discardPart(part);
  const segments = segmentsOf(entries);
  await download({ ...request, part, segments });
  await expectLength(part, { source, url, segments });
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
  const sha256 = hash.digest('hex');
  await expectPublished(part, { source, url, sha256 });
  const metadata = { source: source.id, url, part: 'features', sha256 };
  const shapes = entries.map(([name, { shape }]) => [name, shape] as const);
  await writeFileAtomic(path, async (file) => {
    await file.writeFile(encodeSafetensorsHeader(shapes, metadata));
    for await (const chunk of createReadStream(part)) await file.writeFile(chunk as Buffer);
  });
  await discardPart(part);
  return path;
}

/** Compares the hash of the convolutions, where it is known. */
async function expectPublished(
  part: string,
  { source, url, sha256 }: { source: WeightsSource; url: string; sha256: string },
): Promise<void> {
  const { featuresSha256 = sha256 } = source;
  if (featuresSha256 === sha256) return;
  await discardPart(part);
  throw unavailableError(`what came from ${url} is not what ${source.id} publishes`, {
    expected: `sha256 ${featuresSha256} of the convolutions`,
    found: sha256,
    where: url,
    fix: 'fetch it again; if that repeats, something between here and the server changes the file: set VGGTUNE_MIRROR',
  });
}

async function expectLength(
  part: string,
  { source, url, segments }: { source: WeightsSource; url: string; segments: readonly Segment[] },
): Promise<void> {
  const expected = segments.reduce((sum, { start, end }) => sum + end - start, 0);
  const found = await sizeOfFile(part);
  if (found === expected) return;
  await discardPart(part);
  throw unavailableError(`what came from ${url} has a wrong length`, {
    expected: `${expected} bytes of ${source.id}`,
    found: `${found} bytes`,
    where: url,
    fix: 'try again',
  });
}

/** The entries of the convolutions, in the order of the file, so that neighbours become one range. */
function featureEntries(
  source: WeightsSource,
  url: string,
  tensors: ReadonlyMap<string, SafetensorsEntry>,
): (readonly [string, SafetensorsEntry])[] {
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const naming = nameTensors(shapes);
  const entries = [...backboneShapes(source.backbone)].map(([canonical, shape]) => {
    const name = naming?.tensors.get(canonical)?.name ?? '';
    const entry = tensors.get(name);
    const fits = entry?.dtype === 'float32' && sameShape(entry.shape, shape);
    if (entry === undefined || !fits) throw anotherFile(source, url, canonical);
    return [name, entry] as const;
  });
  return entries.sort(([, a], [, b]) => a.start - b.start);
}

function segmentsOf(entries: readonly (readonly [string, SafetensorsEntry])[]): Segment[] {
  const segments: Segment[] = [];
  for (const [, { start, shape }] of entries) {
    const end = start + 4 * sizeOf(shape);
    const last = segments.at(-1);
    if (last?.end === start) segments[segments.length - 1] = { start: last.start, end };
    else segments.push({ start, end });
  }
  return segments;
}

/** The remote file as a source of ranges, for its header. */
async function openRemote({ url, signal, patience }: FeaturesRequest): Promise<ByteSource> {
  const options = { signal, ...(patience === undefined ? {} : { patience }) };
  // A VGG's header fits: this is the only request but for hostile ones.
  const first = await downloadRange(url, { start: 0, end: 2 ** 16 }, options);
  return {
    where: url,
    size: first.total,
    async fill(start, into) {
      const end = start + into.length;
      if (end <= first.bytes.length) return into.set(first.bytes.subarray(start, end));
      const { bytes } = await downloadRange(url, { start, end }, options);
      into.set(bytes);
    },
    close: async () => undefined,
  };
}

function anotherFile(source: WeightsSource, url: string, tensor: string): Error {
  return unavailableError(`${url} is not the file that ${source.id} publishes`, {
    expected: `the tensors of ${source.backbone}`,
    found: `no float32 ${tensor} of the right shape`,
    where: url,
    fix: 'check VGGTUNE_MIRROR, or name a file with --weights FILE',
  });
}

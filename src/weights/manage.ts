import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { dataError, unavailableError, usageError, VggtuneError } from '../base/errors.ts';
import type { Storage } from '../base/storage.ts';
import { openFileSource } from '../formats/byte-source.ts';
import { openTensorFile } from '../formats/open.ts';
import {
  type CachedFile,
  cachedName,
  findCached,
  listCached,
  type Part,
  weightsFolder,
} from './cache.ts';
import { embeddedWeights } from './embedded.ts';
import { type FetchOptions, fetchWeights } from './fetch.ts';
import { recognise } from './recognise.ts';
import { findSource, WEIGHTS_SOURCES, type WeightsSource } from './sources.ts';
import { verifyFeatures, verifyFile, type WeightsCheck } from './verify.ts';

/** A published file, and the part of it that is on this machine. */
export interface ListedSource extends WeightsSource {
  readonly cached?: Part | undefined;
  readonly path?: string | undefined;
}

/** Lists every published file, and the part of it that is on this machine. */
export async function listWeights(storage: Storage): Promise<readonly ListedSource[]> {
  return Promise.all(
    WEIGHTS_SOURCES.map(async (source) => {
      const whole = await findCached(storage, source, source.holds);
      const path = whole ?? (await findCached(storage, source, 'features'));
      const part = path === whole ? source.holds : 'features';
      return { ...source, cached: path === undefined ? undefined : part, path };
    }),
  );
}

/** Fetches by id (`vgg16/timm`) or by backbone; what comes with the package is there already. @throws VggtuneError (usage, unavailable) */
export async function fetchByName(name: string, options: FetchOptions): Promise<string> {
  const embedded = embeddedWeights(name);
  if (embedded !== undefined) return embedded.path;
  return fetchWeights(sourceNamed(name), options);
}

/** The cached file of a source, or the folder of all. @throws VggtuneError (usage, unavailable) */
export async function weightsPath(storage: Storage, name?: string): Promise<string> {
  if (name === undefined) return weightsFolder(storage);
  const embedded = embeddedWeights(name);
  if (embedded !== undefined) return embedded.path;
  const source = sourceNamed(name);
  const path =
    (await findCached(storage, source, source.holds)) ??
    (await findCached(storage, source, 'features'));
  if (path !== undefined) return path;
  throw unavailableError(`the weights ${source.id} are not on this machine`, {
    expected: source.file,
    where: weightsFolder(storage),
    fix: `run \`vggtune weights fetch ${name}\``,
  });
}

export interface Verified extends CachedFile {
  /** The problem, if there is one. */
  readonly problem: string | undefined;
  /** What it was compared with; undefined where something is wrong. */
  readonly checked: WeightsCheck | undefined;
}

/** Checks every cached file, or that of one source, against what was published. */
export async function verifyWeights(storage: Storage, name?: string): Promise<readonly Verified[]> {
  const only = name === undefined ? undefined : await weightsPath(storage, name);
  const files = (await listCached(storage)).filter(
    ({ path }) => only === undefined || path === only,
  );
  const verified: Verified[] = [];
  for (const file of files) verified.push({ ...file, ...(await verdictOn(file)) });
  return verified;
}

async function verdictOn({
  name,
  path,
}: CachedFile): Promise<Pick<Verified, 'problem' | 'checked'>> {
  try {
    const source = WEIGHTS_SOURCES.find(({ file }) => file === name);
    const checked =
      source === undefined ? (await verifyFeatures(path)).checked : await verifyFile(path, source);
    return { problem: undefined, checked };
  } catch (error) {
    if (!(error instanceof VggtuneError)) throw error;
    const { expected, found } = error.details;
    const problem = `${error.message}: expected ${expected}, found ${found}`;
    return { problem, checked: undefined };
  }
}

export interface Imported {
  readonly source: string;
  readonly path: string;
  /** What the file was compared with. */
  readonly checked: WeightsCheck;
}

/**
 * Copies a published file that was downloaded by other means into the cache folder, under whatever
 * name it has.
 * @throws VggtuneError (data) when it is none: such a file is used with --weights FILE
 */
export async function importWeights(path: string, storage: Storage): Promise<Imported> {
  const file = await openTensorFile(path);
  const backbone = await Promise.resolve()
    .then(() => recognise(file).backbone)
    .finally(() => file.close());
  const { source, name, checked } = await publishedAs(path, backbone, file.format);
  const to = join(weightsFolder(storage), name);
  await writeFileAtomic(to, async (out) => {
    const from = await openFileSource(path);
    try {
      const chunk = new Uint8Array(2 ** 20);
      for (let at = 0; at < from.size; at += chunk.length) {
        const piece = chunk.subarray(0, Math.min(chunk.length, from.size - at));
        await from.fill(at, piece);
        await out.writeFile(piece);
      }
    } finally {
      await from.close();
    }
  });
  return { source: source.id, path: to, checked };
}

async function publishedAs(
  path: string,
  backbone: string | undefined,
  format: string,
): Promise<{ source: WeightsSource; name: string; checked: WeightsCheck }> {
  for (const source of WEIGHTS_SOURCES) {
    if (source.backbone !== backbone || source.format !== format) continue;
    const checked = await verifyFile(path, source).catch(ignoreTyped);
    if (checked !== undefined) return { source, name: source.file, checked };
  }
  if (format === 'safetensors') {
    const verified = await verifyFeatures(path).catch(ignoreTyped);
    if (verified !== undefined && verified.source.backbone === backbone) {
      return { ...verified, name: cachedName(verified.source, 'features') };
    }
  }
  throw dataError(`${path} is none of the published files`, {
    expected: 'a file whose hash `vggtune weights list --json` shows',
    found: `${backbone ?? 'a VGG of its own'} with another hash`,
    where: path,
    fix: `if you trust it, use it as it is: --weights ${path}`,
  });
}

function ignoreTyped(error: unknown): undefined {
  if (error instanceof VggtuneError) return undefined;
  throw error;
}

function sourceNamed(name: string): WeightsSource {
  const source = findSource(name);
  if (source !== undefined) return source;
  throw usageError(`there are no published weights "${name}"`, {
    expected: WEIGHTS_SOURCES.map(({ id }) => id).join(', '),
    found: name,
    fix: 'name one of them, or a backbone',
  });
}

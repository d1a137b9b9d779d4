import { constants, existsSync, realpathSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { freemem, platform, release } from 'node:os';
import { join } from 'node:path';
import { messageOf, VggtuneError } from '../../base/errors.ts';
import { makeFolder } from '../../base/folders.ts';
import { thisMachine } from '../../base/machine.ts';
import { explainNative } from '../../base/native-library.ts';
import type { Storage } from '../../base/storage.ts';
import { ownFolder, versionIn } from '../../base/version.ts';
import type { EngineReport } from '../../engines/index.ts';

/** One item that was checked. Optional items may be `absent`, or present and `broken`. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'low' | 'absent' | 'broken' | 'failed';
  readonly detail: string;
  readonly fix?: string;
  /** As `--device` takes it, where the check is one of a device that works. */
  readonly device?: string;
}

export const CHECK_GROUPS = ['machine', 'engines', 'images', 'storage', 'weights'] as const;
export type CheckGroup = (typeof CHECK_GROUPS)[number];

export interface GroupedCheck extends Check {
  readonly group: CheckGroup;
}

/** Checks everything that training needs on this machine, in the order of the groups. It never throws. */
export async function examine(storage: Storage): Promise<readonly GroupedCheck[]> {
  const groups: Readonly<Record<CheckGroup, readonly Check[]>> = {
    machine: [
      programCheck(ownFolder(), process.cwd()),
      nodeCheck(process.versions.node),
      { name: 'system', state: 'ok', detail: `${platform()} ${release()}` },
      { name: 'cores', state: 'ok', detail: String(thisMachine().processors) },
      memoryCheck(availableMemory(), thisMachine().memory),
    ],
    engines: await engines(),
    images: [await imageDecoder()],
    storage: [await cache(storage)],
    weights: await weights(storage),
  };
  return CHECK_GROUPS.flatMap((group) => groups[group].map((check) => ({ group, ...check })));
}

/** What the checks come to, in a sentence or two. */
export function verdict(checks: readonly GroupedCheck[]): string {
  const of = (state: Check['state']) => checks.filter((check) => check.state === state);
  const names = (list: readonly Check[]) => [...new Set(list.map(({ name }) => name))].join(', ');
  const failed = of('failed');
  if (failed.length > 0) return `vggtune cannot work here: mend this first: ${names(failed)}`;
  const devices = of('ok').flatMap(({ device }) => (device === undefined ? [] : [device]));
  const low = of('low');
  return [
    `vggtune works here, on ${devices.join(', ')}.`,
    ...(devices.some((device) => !SLOW.includes(device)) ? [] : ['No graphics card is used.']),
    ...(low.length > 0 ? [`There is little room: ${names(low)}.`] : []),
  ].join(' ');
}

/** Devices that are no graphics card. */
const SLOW: readonly string[] = ['cpu', 'js'];

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** The oldest supported version; as in package.json. */
const OLDEST_NODE = [20, 19] as const;

export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  const check = { name: 'node', detail: `v${version}, ${process.arch}` };
  if (!isOld) return { ...check, state: 'ok' };
  return { ...check, state: 'failed', fix: `install Node.js ${OLDEST_NODE.join('.')} or later` };
}

/**
 * Says which vggtune runs. One on the PATH and one in a folder may both be there, and of different versions.
 * @param own the folder of the package that runs
 */
export function programCheck(own: string, folder: string): Check {
  const check = { name: 'vggtune', state: 'ok' as const };
  const detail = `${versionIn(own)}, ${own}`;
  const other = join(folder, 'node_modules', 'vggtune');
  const isSame = existsSync(other) && realpathSync(other) === realpathSync(own);
  const version = isSame ? undefined : versionIn(other);
  if (version === undefined) return { ...check, detail };
  return { ...check, detail: `${detail}; this folder has ${version}, which npx vggtune runs` };
}

/** Free memory, of the container where there is one: Node 20.13 knows, older ones do not. */
function availableMemory(): number {
  const { availableMemory: available } = process as { availableMemory?: () => number };
  return Math.min(available?.call(process) ?? freemem(), thisMachine().memory);
}

/** The memory for training all of VGG16 on images of 224 x 224. */
const MUCH_MEMORY = 4e9;

export function memoryCheck(free: number, total: number): Check {
  const check = { name: 'memory', detail: `${gigabytes(total)}, ${gigabytes(free)} free` };
  if (free >= MUCH_MEMORY) return { ...check, state: 'ok' };
  const fix = `all of VGG16 takes ${gigabytes(MUCH_MEMORY)}: use strategy head, --backbone vgg-nano, a smaller --size or --micro-batch 1`;
  return { ...check, state: 'low', fix };
}

/** The disk space for the weights of VGG16 and the cached features of a few thousand images. */
const MUCH_DISK = 2e9;

export function diskCheck(folder: string, free: number): Check {
  const check = { name: 'cache folder', detail: `${folder}, ${gigabytes(free)} free` };
  if (free >= MUCH_DISK) return { ...check, state: 'ok' };
  const fix = `weights and features can take ${gigabytes(MUCH_DISK)} and more: make room, or name another folder with --cache or VGGTUNE_CACHE`;
  return { ...check, state: 'low', fix };
}

/** Checks the engines. ONNX Runtime on the CPU is enough for everything; the others are optional. */
async function engines(): Promise<Check[]> {
  try {
    const { probeEngines } = await import('../../engines/index.ts');
    return (await probeEngines()).map(engineCheck);
  } catch (error) {
    return [{ name: 'engine onnx', state: 'failed', ...troubleOf(error) }];
  }
}

function engineCheck(report: EngineReport): Check {
  const { engine, device, package: packageName, version, state, reason, cure } = report;
  const name = `engine ${engine}`;
  const what = [packageName, version, device && `on ${device}`].filter(Boolean).join(' ');
  if (state === 'works') {
    return { name, state: 'ok', detail: what, ...(device !== undefined && { device }) };
  }
  const needed = engine === 'onnx' && device === 'cpu';
  return {
    name,
    state: needed ? 'failed' : state,
    detail: reason === undefined ? what : `${what}: ${reason}`,
    ...(cure !== undefined && { fix: cure }),
  };
}

/** Why a library does not work, and what to do. */
export function troubleOf(error: unknown): Pick<Check, 'detail' | 'fix'> {
  const explained = explainNative(error);
  const fix = explained instanceof VggtuneError ? explained.details.fix : undefined;
  return { detail: messageOf(error), fix: fix ?? 'install again with `npm ci`' };
}

/** A red pixel as PNG. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
);

async function imageDecoder(): Promise<Check> {
  const name = 'image decoder';
  try {
    const { decodeImage } = await import('../../dataset/decode.ts');
    const spec = { size: 1, resize: 1, background: '#ffffff' };
    await decodeImage(PIXEL, spec);
    return { name, state: 'ok', detail: 'sharp decodes' };
  } catch (error) {
    return { name, state: 'failed', ...troubleOf(error) };
  }
}

async function cache(storage: Storage): Promise<Check> {
  const name = 'cache folder';
  let folder = 'none';
  try {
    folder = storage.folder;
    await makeFolder(folder);
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    return diskCheck(folder, bavail * bsize);
  } catch (error) {
    const fix = 'name another folder with --cache or VGGTUNE_CACHE';
    return { name, state: 'failed', detail: `${folder}: ${messageOf(error)}`, fix };
  }
}

/** Checks that the weights of the package can be opened. */
async function embedded(storage: Storage): Promise<Check> {
  const name = 'weights vgg-nano';
  const { describeWeights, weightsPath } = await import('./weights.ts');
  try {
    await describeWeights(await weightsPath(storage, 'vgg-nano'));
    return { name, state: 'ok', detail: 'part of vggtune' };
  } catch (error) {
    return { name, state: 'broken', detail: messageOf(error), fix: 'install again with `npm ci`' };
  }
}

/** Checks which published weights are on this machine. */
async function weights(storage: Storage): Promise<Check[]> {
  try {
    const { listWeights } = await import('./weights.ts');
    const listed = await listWeights(storage);
    const fetched = [...new Set(listed.map(({ backbone }) => backbone))].map((backbone): Check => {
      const name = `weights ${backbone}`;
      const here = listed.filter((each) => each.backbone === backbone && each.cached !== undefined);
      if (here.length === 0) {
        const fix = `comes with the first run, or: vggtune weights fetch ${backbone}`;
        return { name, state: 'absent', detail: 'not fetched yet', fix };
      }
      const parts = here.map(({ id, cached }) =>
        cached === 'features' ? `${id}, convolutions only` : id,
      );
      return { name, state: 'ok', detail: parts.join('; ') };
    });
    return [await embedded(storage), ...fetched];
  } catch (error) {
    const fix = 'name another folder with --cache or VGGTUNE_CACHE';
    return [{ name: 'weights', state: 'broken', detail: messageOf(error), fix }];
  }
}

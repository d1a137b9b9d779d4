import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, platform, release, totalmem } from 'node:os';
import { cacheFolder } from '../base/cache-folder.ts';
import { messageOf } from '../base/errors.ts';
import type { EngineReport } from '../engines/index.ts';
import type { Check } from '../outputs/commands.ts';

export type { Check };

/** Looks at everything that training needs on this machine. Never throws. */
export async function examine(): Promise<readonly Check[]> {
  return [
    { name: 'node', state: 'ok', detail: `${process.version}, ${process.arch}` },
    { name: 'system', state: 'ok', detail: `${platform()} ${release()}` },
    machine(),
    ...(await engines()),
    await imageDecoder(),
    await cache(),
  ];
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

function machine(): Check {
  const cores = availableParallelism();
  const detail = `${cores} cores, ${gigabytes(totalmem())} of memory (${gigabytes(freemem())} free)`;
  return { name: 'machine', state: 'ok', detail };
}

/** ONNX Runtime on the CPU is what everything can do with; all else is welcome. */
async function engines(): Promise<Check[]> {
  try {
    const { probeEngines } = await import('../engines/index.ts');
    return (await probeEngines()).map(engineCheck);
  } catch (error) {
    const fix = 'install again with `npm ci`';
    return [{ name: 'engine onnx', state: 'failed', detail: messageOf(error), fix }];
  }
}

function engineCheck(report: EngineReport): Check {
  const { engine, device, package: packageName, version, state, reason, cure } = report;
  const name = `engine ${engine}`;
  const what = [packageName, version, device && `on ${device}`].filter(Boolean).join(' ');
  if (state === 'works') return { name, state: 'ok', detail: what };
  const needed = engine === 'onnx' && device === 'cpu';
  return {
    name,
    state: needed ? 'failed' : state,
    detail: reason === undefined ? what : `${what}: ${reason}`,
    // What nobody installed needs no mending.
    ...(cure !== undefined && state !== 'absent' && { fix: cure }),
  };
}

/** A red pixel as PNG. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
);

async function imageDecoder(): Promise<Check> {
  const name = 'image decoder';
  try {
    const { decodeImage } = await import('../dataset/decode.ts');
    const spec = { size: 1, resize: 1, background: '#ffffff' };
    await decodeImage(PIXEL, spec);
    return { name, state: 'ok', detail: 'sharp decodes' };
  } catch (error) {
    const fix = 'install again with `npm ci`';
    return { name, state: 'failed', detail: messageOf(error), fix };
  }
}

async function cache(): Promise<Check> {
  const name = 'cache folder';
  const folder = cacheFolder();
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    return { name, state: 'ok', detail: `${folder}, ${gigabytes(bavail * bsize)} free` };
  } catch (error) {
    const fix = 'name another folder with --cache or VGGTUNE_CACHE';
    return { name, state: 'failed', detail: `${folder}: ${messageOf(error)}`, fix };
  }
}

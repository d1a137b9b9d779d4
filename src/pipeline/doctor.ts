import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, platform, release, totalmem } from 'node:os';
import { cacheFolder } from '../base/cache-folder.ts';
import { messageOf } from '../base/errors.ts';

/** One thing that was looked at. `absent`: not there, and not needed. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'absent' | 'failed';
  readonly detail: string;
  readonly fix?: string;
}

/** Looks at everything that training needs on this machine. Never throws. */
export async function examine(): Promise<readonly Check[]> {
  return [
    { name: 'node', state: 'ok', detail: `${process.version}, ${process.arch}` },
    { name: 'system', state: 'ok', detail: `${platform()} ${release()}` },
    machine(),
    await onnxEngine(),
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

async function onnxEngine(): Promise<Check> {
  const name = 'engine onnx';
  try {
    const { openEngine } = await import('../engines/index.ts');
    const engine = await openEngine('onnx', 'cpu');
    return { name, state: 'ok', detail: `onnxruntime-node on ${engine.device}` };
  } catch (error) {
    const fix = 'install again with `npm ci`';
    return { name, state: 'failed', detail: messageOf(error), fix };
  }
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

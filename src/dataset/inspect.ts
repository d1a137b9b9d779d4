import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { systemCode } from '../base/errors.ts';
import {
  BadImage,
  isAboutImage,
  machineFailure,
  reasonOf,
  tooLargeReason,
} from './decode-errors.ts';
import { examine } from './examine.ts';
import { fileSystemPath, printablePath } from './file-names.ts';
import { readHeader } from './image-header.ts';
import type { Finding } from './scan-cache.ts';
import { systemReason } from './walk.ts';

export interface InspectOptions {
  readonly maxPixels: number;
  /** Whether to decode every pixel, or to read the header alone. */
  readonly verify: boolean;
  /** The finding of an earlier scan. */
  readonly known: Finding | undefined;
}

export interface Inspection {
  /** Absent if the system would not let the file be read: nothing to remember. */
  readonly finding?: Finding;
  /** Why the file cannot be used, if it cannot. */
  readonly problem?: string;
}

/**
 * Inspects one file: its hash, its header, and its pixels. It never throws because of the file's content.
 * @throws VggtuneError (data) when the machine failed: no open files or no memory left
 */
export async function inspectImage(path: string, options: InspectOptions): Promise<Inspection> {
  try {
    const found = await stat(fileSystemPath(path), { bigint: true });
    // A list may name anything.
    if (!found.isFile()) return { problem: 'not a regular file' };
    const { size, mtimeNs } = found;
    if (size === 0n) return { problem: 'empty file' };
    const stamp = `${size}-${mtimeNs}`;
    const finding = await findingOf(path, stamp, options);
    const problem = finding.defect ?? tooLargeReason(finding, options.maxPixels);
    return problem === undefined ? { finding } : { finding, problem };
  } catch (error) {
    // A disk that cannot read one file is that file's problem, as long as others can be read.
    if (isAboutImage(error) || systemCode(error) === 'EIO') return { problem: systemReason(error) };
    throw machineFailure(printablePath(path), error);
  }
}

async function findingOf(path: string, stamp: string, options: InspectOptions): Promise<Finding> {
  const { known, verify, maxPixels } = options;
  const fresh = known?.stamp === stamp ? known : undefined;
  const base = fresh ?? (await readHead(path, stamp));
  const done = base.defect !== undefined || base.decoded || !verify;
  if (done || tooLargeReason(base, maxPixels) !== undefined) return base;
  return { ...base, decoded: true, ...(await examine(path, maxPixels)) };
}

/** Reads the header first, so that a file that is no image is not hashed, however large it is. */
async function readHead(path: string, stamp: string): Promise<Finding> {
  try {
    const { width, height } = await readHeader(path);
    return { stamp, hash: await hashFile(path), width, height, decoded: false };
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    return { stamp, hash: '', width: 0, height: 0, decoded: false, defect: reasonOf(error) };
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(fileSystemPath(path))) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

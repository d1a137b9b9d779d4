import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { sha256 } from '../base/hash.ts';

/** The finding about a file, which is valid as long as its size and mtime stay the same. */
export interface Finding {
  /** `size-mtime`, the latter in nanoseconds. */
  readonly stamp: string;
  /** The hash of the bytes; empty where the header shows that the file is no image. */
  readonly hash: string;
  readonly width: number;
  readonly height: number;
  /** Whether every pixel was decoded, or the header was read alone. */
  readonly decoded: boolean;
  /** Why it cannot be used, if it cannot. */
  readonly defect?: string;
  /** Nothing can be seen in it. */
  readonly blank?: boolean;
}

export type Findings = Map<string, Finding>;

interface CacheFile {
  readonly version: 1;
  readonly decoder: string;
  readonly findings: Readonly<Record<string, Finding>>;
}

/** Where findings are cached, and what they depend on. */
export interface FindingsPlace {
  /** The cache folder; undefined: nothing is remembered. */
  readonly cache: string | undefined;
  /** The root of the data set. */
  readonly root: string;
  readonly decoder: string;
}

/** The cache file of a data set, by its root: a data set that moves is scanned again. */
function cachePath(cache: string, root: string): string {
  return join(cache, 'scan', `${sha256(root).slice(0, 32)}.json`);
}

/** The findings of earlier scans of this root with this decoder; empty if there are none that can be used. */
export async function readFindings(place: FindingsPlace): Promise<Findings> {
  const { cache, root, decoder } = place;
  if (cache === undefined) return new Map();
  try {
    return parseFindings(await readFile(cachePath(cache, root), 'utf8'), decoder);
  } catch {
    // A cache that is missing costs time, nothing else.
    return new Map();
  }
}

/** @param text of a cache file; one that is damaged holds nothing */
export function parseFindings(text: string, decoder: string): Findings {
  try {
    const file = JSON.parse(text) as CacheFile;
    if (file.version !== 1 || file.decoder !== decoder) return new Map();
    return new Map(Object.entries(file.findings).filter(([, finding]) => isFinding(finding)));
  } catch {
    return new Map();
  }
}

function isFinding(value: Partial<Finding>): value is Finding {
  return (
    typeof value.stamp === 'string' &&
    (/^[0-9a-f]{64}$/.test(value.hash ?? '') || value.defect !== undefined) &&
    Number.isFinite(value.width) &&
    Number.isFinite(value.height) &&
    typeof value.decoded === 'boolean'
  );
}

/** @throws VggtuneError (data) if it cannot be written */
export async function writeFindings(
  { cache, root, decoder }: FindingsPlace,
  findings: Findings,
): Promise<void> {
  if (cache === undefined) return;
  const file: CacheFile = { version: 1, decoder, findings: Object.fromEntries(findings) };
  await writeFileAtomic(cachePath(cache, root), JSON.stringify(file));
}

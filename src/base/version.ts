import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package. */
export const ownFolder = () => resolve(fileURLToPath(new URL('../../', import.meta.url)));

/** The version of the package in a folder; undefined where there is none. */
export function versionIn(folder: string): string | undefined {
  try {
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    return (JSON.parse(text) as { readonly version?: string }).version;
  } catch {
    return undefined;
  }
}

/** The version of this package. */
export function ownVersion(): string {
  const version = versionIn(ownFolder());
  if (version === undefined) throw new Error('the package.json of vggtune cannot be read');
  return version;
}

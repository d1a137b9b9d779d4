// The npm packages that only this bench reads. They are in a folder of their own, not among the
// dependencies.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @returns the folder of a package */
export function packageFolder(packages, name) {
  const folder = join(packages, 'node_modules', ...name.split('/'));
  if (existsSync(folder)) return folder;
  throw new Error(`${folder} is missing: run npm install --prefix ${packages} ${name}`);
}

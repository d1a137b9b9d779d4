import { relative } from 'node:path';

export { shellWord } from '../base/shell-word.ts';

/** A path as a person would write it here: relative where that is shorter. */
export function shortPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near !== '' && !near.startsWith('..') ? near : path;
}

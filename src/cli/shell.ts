import { relative } from 'node:path';

/** A word of a command line as a POSIX shell takes it unchanged. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A path as a person would write it here: relative where that is shorter. */
export function shortPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near !== '' && !near.startsWith('..') ? near : path;
}

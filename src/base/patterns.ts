import { glob } from 'glob';

/**
 * The files that a pattern matches. On Windows a backslash stands between folders, as everywhere
 * there; elsewhere it takes the next character as it is, as in a shell.
 */
export function matchFiles(
  pattern: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string[]> {
  return glob(pattern, { nodir: true, windowsPathsNoEscape: platform === 'win32' });
}

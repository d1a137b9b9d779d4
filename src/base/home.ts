import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Expands `~` and `~/photos` as a shell does. A shell expands them only at the beginning of a word: not in
 * `--data=~/photos`, in a config file, or in a variable that a job sets.
 */
export function expandHome(path: string, home = homedir()): string {
  return path === '~' || /^~[/\\]/.test(path) ? join(home, path.slice(1)) : path;
}

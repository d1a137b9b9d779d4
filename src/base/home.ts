import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * `~` and `~/photos` as a shell takes them. A shell expands them at the beginning of a word alone:
 * not in `--data=~/photos`, in a config file or in the value of a variable that a job sets.
 */
export function expandHome(path: string, home = homedir()): string {
  return path === '~' || /^~[/\\]/.test(path) ? join(home, path.slice(1)) : path;
}

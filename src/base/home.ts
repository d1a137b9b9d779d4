import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { usageError } from './errors.ts';

/**
 * The home folder of this user: what HOME names, or else what the system knows of the user.
 * @throws VggtuneError (usage) where there is none: a container may run as a user that the system does not know
 */
export function homeFolder(): string {
  const found = [homedir, () => userInfo().homedir].map(answerOf).find((path) => path !== '');
  if (found !== undefined) return found;
  throw usageError('this user has no home folder', {
    expected: 'HOME, or a user that the system knows',
    fix: 'set HOME, or name a folder for the cache: --cache FOLDER, or VGGTUNE_CACHE',
  });
}

/** The system throws where it does not know the user. */
function answerOf(ask: () => string): string {
  try {
    return ask();
  } catch {
    return '';
  }
}

/**
 * Expands `~` and `~/photos` as a shell does. A shell expands them only at the beginning of a word: not in
 * `--data=~/photos`, in a config file, or in a variable that a job sets.
 */
export function expandHome(path: string, home?: string): string {
  return path === '~' || /^~[/\\]/.test(path) ? join(home ?? homeFolder(), path.slice(1)) : path;
}

import { dataError, messageOf, systemCode, VggtuneError } from './errors.ts';

/** Error codes of failures of the machine, whatever the program does, and what to do about each. */
const FIXES: Readonly<Record<string, string>> = {
  EIO: 'check the disk or the network drive, then try again',
  ENXIO: 'check the disk or the network drive, then try again',
  ENODEV: 'check the disk or the network drive, then try again',
  ESTALE: 'the network drive was changed by its server: try again',
  ETIMEDOUT: 'the network drive does not answer: check it, then try again',
  EMFILE: 'raise the limit of open files (ulimit -n), or run fewer processes at once',
  ENFILE: 'this machine has too many files open: end other processes',
  ENOMEM: 'give more memory, or run fewer processes at once',
  ENOSPC: 'free some space, then try again',
  EDQUOT: 'your disk quota is used up: free some space, then try again',
  EROFS: 'the file system is read-only: choose another folder',
  EACCES: 'give permission to read and write it, or choose another folder',
  EPERM: 'give permission to read and write it, or choose another folder',
};

/**
 * Error codes of paths that cannot be. Where a file is looked for they mean that it is not there; where nobody expected
 * them, they are the fault of a folder that was named, and not of the program.
 */
const PATH_FIXES: Readonly<Record<string, string>> = {
  ENOTDIR: 'a file stands where a folder should be: choose another folder',
  ELOOP: 'the links of this path lead in a circle: choose another folder',
  ENAMETOOLONG: 'choose a folder with a shorter path',
};

/** What to do about a failure of the machine; undefined for what is none. */
export const machineFix = (code: string): string | undefined => FIXES[code];

/**
 * An unexpected system error is a failure of the machine, and not a bug: it becomes an error that says what
 * to do. Any other error is returned unchanged.
 */
export const explainMachine = (error: unknown) =>
  explain(error, (code) => FIXES[code] ?? PATH_FIXES[code]);

function explain(error: unknown, fixOf: (code: string) => string | undefined): unknown {
  if (error instanceof VggtuneError || !(error instanceof Error) || !('syscall' in error))
    return error;
  const fix = fixOf(systemCode(error) ?? '');
  if (fix === undefined) return error;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  return dataError(
    `the system refuses to ${String(error.syscall)}${path ? ` ${path}` : ' a file'}`,
    {
      found: messageOf(error),
      ...(path !== undefined && { where: path }),
      fix,
      cause: error,
    },
  );
}

/**
 * For `catch`: returns `value` for a missing file, and throws where the machine failed, since nothing is
 * known then about whether the file exists.
 */
export function unlessMachineFails<T>(value: T): (error: unknown) => T {
  return (error) => {
    const explained = explain(error, machineFix);
    if (explained !== error) throw explained;
    return value;
  };
}

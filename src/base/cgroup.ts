import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The resource limits of a container; undefined where there is no limit. */
export interface Limits {
  /** Bytes. */
  readonly memory: number | undefined;
  /** Processors' worth of time: 1.5 for `docker run --cpus=1.5`. */
  readonly processors: number | undefined;
}

/**
 * The limits of the control groups that this process is in (cgroups(7), both versions). A group's
 * parents limit it, too, so the smallest of them counts.
 *
 * @param root for tests; `proc` and `sys` lie in it
 */
export function readLimits(root = '/'): Limits {
  const groups = readGroups(root);
  const base = join(root, 'sys', 'fs', 'cgroup');
  const unified = foldersOf(base, groups.get(''));
  const ofMemory = foldersOf(join(base, 'memory'), groups.get('memory'));
  const ofCpu = foldersOf(join(base, 'cpu'), groups.get('cpu'));
  return {
    memory: smallest([
      ...unified.map((folder) => numberOf(textOf(join(folder, 'memory.max')))),
      ...ofMemory.map((folder) => numberOf(textOf(join(folder, 'memory.limit_in_bytes')))),
    ]),
    processors: smallest([
      ...unified.map((folder) => quota(textOf(join(folder, 'cpu.max'))?.split(' ') ?? [])),
      ...ofCpu.map((folder) =>
        quota(['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((name) => textOf(join(folder, name)))),
      ),
    ]),
  };
}

/**
 * Group paths by controller; the controller of version 2 has no name. Lines look like
 * `4:cpu,cpuacct:/docker/x`.
 */
function readGroups(root: string): ReadonlyMap<string, string> {
  const lines = textOf(join(root, 'proc', 'self', 'cgroup'))?.split('\n') ?? [];
  return new Map(
    lines.flatMap((line) => {
      const [, names = '', ...path] = line.split(':');
      return names.split(',').map((name) => [name, path.join(':')] as const);
    }),
  );
}

/** A group's folder and those above it. In a container the root may be all that can be seen. */
function foldersOf(base: string, group = '/'): string[] {
  const names = group.split('/').filter((name) => name !== '' && name !== '..');
  return [base, ...names.map((_, at) => join(base, ...names.slice(0, at + 1)))];
}

function quota([time, period]: readonly (string | undefined)[]): number | undefined {
  const [share, whole] = [numberOf(time), numberOf(period)];
  return share === undefined || whole === undefined || whole === 0 ? undefined : share / whole;
}

/** Undefined of `max`, and of -1, which means the same in version 1. */
function numberOf(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || text === '' || !Number.isFinite(value) || value <= 0
    ? undefined
    : value;
}

function smallest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

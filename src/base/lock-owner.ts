import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from './errors.ts';

/** Who holds a lock: the content of a lock file. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** The id of this acquisition. */
  readonly id?: string;
  /** The space in which the process id is valid: this boot of the system, this container. */
  readonly space?: string;
  /** The start time of the process, as the system counts it: another process may get the same id. */
  readonly started?: string;
}

/** An owner record for a new lock of this process. */
export function newOwner(): Owner {
  const space = processSpace();
  const started = startOf('self');
  return {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    id: randomBytes(8).toString('hex'),
    ...(space !== undefined && { space }),
    ...(started !== undefined && { started }),
  };
}

/** @returns undefined where the text is no whole lock */
export function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Record<keyof Owner, unknown>> | null;
    if (typeof owner?.pid !== 'number' || typeof owner.host !== 'string') return undefined;
    const texts = (['id', 'space', 'started'] as const).flatMap((key) =>
      typeof owner[key] === 'string' ? [[key, owner[key]] as const] : [],
    );
    const since = String(owner.since);
    return { pid: owner.pid, host: owner.host, since, ...Object.fromEntries(texts) };
  } catch {
    return undefined;
  }
}

/**
 * Whether an owner is alive, as far as that is known without waiting. For a process on another machine, or in
 * another container, the result is `unknown`, and its heartbeat decides.
 * @param held ids of the locks that this process holds
 */
export function lifeOf(owner: Owner, held: ReadonlySet<string>): 'alive' | 'dead' | 'unknown' {
  if (owner.host !== hostname()) return 'unknown';
  const space = processSpace();
  if (owner.space !== undefined && space !== undefined && owner.space !== space) return 'unknown';
  if (owner.id !== undefined && held.has(owner.id)) return 'alive';
  if (!isRunning(owner.pid)) return 'dead';
  const started = startOf(owner.pid);
  if (owner.started !== undefined && started !== undefined) {
    return owner.started === started ? 'alive' : 'dead';
  }
  // It has our own id, and we do not hold the lock: whoever did had the id before us.
  return owner.pid === process.pid ? 'dead' : 'alive';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/**
 * The boot and container that process ids belong to; known on Linux only. A container that is started again
 * has the same process ids as before.
 */
function processSpace(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); the name before it may hold spaces and brackets. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

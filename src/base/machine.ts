import { availableParallelism, totalmem } from 'node:os';
import { type Limits, readLimits } from './cgroup.ts';

/** The resources of this machine that this process may use. */
export interface Machine {
  /** Threads that can work at the same time; at least 1. */
  readonly processors: number;
  /** Bytes. */
  readonly memory: number;
}

/**
 * Node knows the processors that a process is bound to; of the limits of a container its older
 * versions know none, and `docker run --cpus=1` would start as many threads as the host has cores.
 *
 * @param found for tests
 */
export function usableMachine(found: Partial<Found> = {}): Machine {
  const {
    limits = readLimits(),
    parallelism = availableParallelism(),
    total = totalmem(),
    // Zero, or more than any machine has, where nothing is known.
    constrained = process.constrainedMemory() ?? 0,
  } = found;
  const bounds = [total, limits.memory ?? total, constrained > 0 ? constrained : total];
  return {
    // Threads beyond the quota only wait for each other.
    processors: Math.max(1, Math.floor(Math.min(parallelism, limits.processors ?? parallelism))),
    memory: Math.min(...bounds),
  };
}

interface Found {
  readonly limits: Limits;
  readonly parallelism: number;
  readonly total: number;
  readonly constrained: number;
}

let known: Machine | undefined;

/** The result of `usableMachine`, which is computed once. */
export function thisMachine(): Machine {
  known ??= usableMachine();
  return known;
}

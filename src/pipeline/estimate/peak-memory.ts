import { readFileSync, writeFileSync } from 'node:fs';

/** Watches the memory of this process from now on. */
export interface PeakMemory {
  /** Samples the memory: where the system records no peak, the peak is the largest sample. */
  look(): void;
  /** Bytes above those that were in use at the start. */
  growth(): number;
}

/**
 * Linux keeps the peak of a process's resident memory and lets the process itself reset it
 * (`/proc/self/clear_refs`, proc(5)); elsewhere the moments of `look` must do.
 */
export function watchMemory(): PeakMemory {
  const before = process.memoryUsage.rss();
  const kept = resetPeak();
  let most = before;
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss(), kept ? readPeak() : 0);
  };
  return {
    look,
    growth: () => {
      look();
      return Math.max(0, most - before);
    },
  };
}

function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return readPeak() > 0;
  } catch {
    return false;
  }
}

function readPeak(): number {
  const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return found === null ? 0 : Number(found[1]) * 1024;
}

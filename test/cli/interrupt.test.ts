import { expect, it } from 'vitest';
import { watchInterrupts } from '../../src/cli/interrupt.ts';

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s asks the work to stop, and a second time ends the process',
  (name) => {
    const codes: number[] = [];
    const notes: string[] = [];
    const { signal, release } = watchInterrupts({
      note: (line) => notes.push(line),
      exit: (code) => codes.push(code),
    });
    process.emit(name);
    expect(signal.aborted).toBe(true);
    expect([codes, notes.length]).toEqual([[], 1]);
    process.emit(name);
    expect(codes).toEqual([130]);
    const listeners = process.listenerCount(name);
    release();
    expect(process.listenerCount(name)).toBe(listeners - 1);
  },
);

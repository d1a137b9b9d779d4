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
      atTerminal: true,
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

it('SIGHUP is ignored where there is no terminal that could be closed, as under nohup', () => {
  const notes: string[] = [];
  const options = { note: (line: string) => notes.push(line), exit: () => {} };
  const { signal, release } = watchInterrupts({ ...options, atTerminal: false });
  // A handler is there all the same: without one Node ends the process.
  expect(process.listenerCount('SIGHUP')).toBeGreaterThan(0);
  process.emit('SIGHUP');
  expect([signal.aborted, notes]).toEqual([false, []]);
  process.emit('SIGTERM');
  expect(signal.aborted).toBe(true);
  release();
});

import { isatty } from 'node:tty';
import { EXIT_CODES } from '../base/errors.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Removes the signal handlers. */
  release(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * The first Ctrl-C (or a polite kill, or a lost terminal) asks the work to finish its step and save;
 * the second ends the process at once.
 */
export function watchInterrupts(options: {
  readonly note: (line: string) => void;
  readonly exit: (code: number) => void;
  /** Whether there is a terminal that can be closed; by default, whether a standard stream is one. */
  readonly atTerminal?: boolean;
}): Interrupts {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) return options.exit(EXIT_CODES.interrupted);
    options.note('\nstopping after this step; press Ctrl-C again to stop at once');
    controller.abort();
  };
  const { atTerminal = isAtTerminal() } = options;
  // With a handler that does nothing the process goes on; without one Node would end it.
  const onHangUp = atTerminal ? onSignal : () => {};
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('SIGHUP', onHangUp);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      process.off('SIGHUP', onHangUp);
    },
  };
}

/**
 * Whether the process has a terminal that can be closed. A closed terminal, or a lost connection to it, sends
 * SIGHUP. Whoever starts a command with `nohup` (or by cron, or as a service) wants it to continue, but Node
 * resets ignored signals at its start, so that this cannot be seen any more. What can be seen on every system
 * is that such a process has no terminal.
 */
function isAtTerminal(): boolean {
  return [0, 1, 2].some((descriptor) => isatty(descriptor));
}

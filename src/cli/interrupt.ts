import { isatty } from 'node:tty';
import { EXIT_CODES } from '../base/errors.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Puts the process back as it was. */
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
 * A terminal that is closed, or a lost connection to it, sends SIGHUP. Who starts a command with `nohup` (or by
 * cron, or as a service) wants it to go on; but Node sets signals back that were ignored when it was started, so
 * that is not to be seen any more. What can be seen on every system: such a process has no terminal.
 */
function isAtTerminal(): boolean {
  return [0, 1, 2].some((descriptor) => isatty(descriptor));
}

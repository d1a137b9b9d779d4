import { EXIT_CODES } from '../base/errors.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Puts the process back as it was. */
  release(): void;
}

/** A terminal that is closed, or a lost connection to it, sends SIGHUP. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first Ctrl-C (or a polite kill, or a lost terminal) asks the work to finish its step and save;
 * the second ends the process at once.
 */
export function watchInterrupts(options: {
  readonly note: (line: string) => void;
  readonly exit: (code: number) => void;
}): Interrupts {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) return options.exit(EXIT_CODES.interrupted);
    options.note('\nstopping after this step; press Ctrl-C again to stop at once');
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

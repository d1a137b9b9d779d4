import { EXIT_CODES } from '../base/errors.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Puts the process back as it was. */
  release(): void;
}

/**
 * The first Ctrl-C (or a polite kill) asks the work to finish its step and save; the second ends the
 * process at once.
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
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

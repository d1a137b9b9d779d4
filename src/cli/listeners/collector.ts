import type { Emit } from '../../base/events.ts';

/** Messages of a run that its result repeats. */
export interface Collected {
  readonly warnings: { readonly code: string; readonly message: string }[];
  readonly skipped: { readonly path: string; readonly reason: string }[];
  readonly files: { readonly path: string; readonly what: string }[];
  readonly epochs: {
    readonly phase: string;
    readonly epoch: number;
    readonly loss: number;
    readonly accuracy: number;
    readonly validation: Readonly<Record<string, number>>;
  }[];
}

export function createCollector(): { readonly collected: Collected; readonly listen: Emit } {
  const collected: Collected = {
    warnings: [],
    skipped: [],
    files: [],
    epochs: [],
  };
  const listen: Emit = (event) => {
    if (event.type === 'warning') {
      collected.warnings.push({ code: event.code, message: event.message });
    }
    if (event.type === 'image-skipped') {
      collected.skipped.push({ path: event.path, reason: event.reason });
    }
    if (event.type === 'file') collected.files.push({ path: event.path, what: event.what });
    if (event.type === 'epoch') {
      const { phase, epoch, loss, accuracy, validation } = event;
      collected.epochs.push({ phase, epoch, loss, accuracy, validation });
    }
  };
  return { collected, listen };
}

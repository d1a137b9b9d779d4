import { cacheWarningOnce } from '../base/cache-warning.ts';
import { messageOf, VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { explainMachine } from '../base/machine-failure.ts';
import { explainNative } from '../base/native-library.ts';
import type { Storage } from '../base/storage.ts';
import type { StrategyName } from '../config/schema.ts';
import { type ConfigSource, Settings } from '../config/settings.ts';

/** Everything that training one run needs. */
export interface Job {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly offline: boolean;
  /** Measures on the validation images even where there are test images. */
  readonly measureOn?: 'val';
  /** Threads of the engine; undefined: one for each core. */
  readonly threads?: number;
}

/** The same as plain data for another process: values without their origins. */
export type SentJob = Omit<Job, 'settings'> & { readonly values: ConfigSource['values'] };

export function toSend({ settings, ...job }: Job): SentJob {
  return { ...job, values: settings.values };
}

export function received({ values, ...job }: SentJob): Job {
  return { ...job, settings: Settings.of({ origin: 'batch', values }) };
}

/** The outcome, as plain data for another process. */
export type JobOutcome =
  | {
      readonly kind: 'trained';
      readonly strategy: StrategyName;
      readonly metrics: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'interrupted' }
  | {
      readonly kind: 'failed';
      readonly error: { readonly kind: string; readonly message: string };
    };

/** Trains one run. It never throws, because a run that fails must not stop the others. */
export async function runJob(
  job: Job,
  { signal, emit }: { readonly signal: AbortSignal; readonly emit: Emit },
): Promise<JobOutcome> {
  try {
    // Loaded here, because an engine takes time and a batch may have nothing left to train.
    const { train } = await import('../pipeline/train.ts');
    const { plan, metrics } = await train({ ...job, signal, emit: cacheWarningOnce(emit) });
    return { kind: 'trained', strategy: plan.strategy, metrics: metrics?.metrics ?? {} };
  } catch (error) {
    return failure(error);
  }
}

export function failure(thrown: unknown): JobOutcome {
  const error = explainMachine(explainNative(thrown));
  if (!(error instanceof VggtuneError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    return { kind: 'failed', error: { kind: 'bug', message: stack } };
  }
  if (error.kind === 'interrupted') return { kind: 'interrupted' };
  const { found, fix } = error.details;
  const parts = [error.message, found && `found ${found}`, fix].filter(Boolean);
  return { kind: 'failed', error: { kind: error.kind, message: parts.join('; ') } };
}

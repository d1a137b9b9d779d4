import { messageOf, VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { explainMachine } from '../base/machine-failure.ts';
import { explainNative } from '../base/native-library.ts';
import type { StrategyName } from '../config/schema.ts';
import type { ConfigSource } from '../config/sources.ts';

/** What has to be known to train one run, here or in another process. */
export interface Job {
  readonly sources: readonly ConfigSource[];
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly offline: boolean;
  /** Threads of the engine; undefined: one for each core. */
  readonly threads?: number;
}

/** What came of it, in a form that goes from process to process. */
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

/** Trains one run. Nothing is thrown: one run that fails must not stop the others. */
export async function runJob(
  job: Job,
  { signal, emit }: { readonly signal: AbortSignal; readonly emit: Emit },
): Promise<JobOutcome> {
  try {
    // Loaded here, because an engine takes time and a batch may have nothing left to train.
    const { train } = await import('../pipeline/train.ts');
    const { plan, metrics } = await train({ ...job, signal, emit });
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

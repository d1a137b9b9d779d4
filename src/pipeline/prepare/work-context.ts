import type { Emit } from '../../base/events.ts';
import type { Storage } from '../../base/storage.ts';
import type { RunConfig } from '../../config/schema.ts';
import type { Engine } from '../../engines/engine.ts';
import { openEngine } from '../../engines/index.ts';

/** The context of a use case, besides its settings. */
export interface WorkContext {
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Whether to avoid the network for weights. */
  readonly offline?: boolean;
  /** The engine to use instead of the one that the config names. */
  readonly engine?: Engine;
  /** Threads of the engine that the config names; by default one for each core. */
  readonly threads?: number;
}

/** The engine that is given, or the one that the config names. */
export async function engineOf(
  { engine, threads, emit }: Pick<WorkContext, 'engine' | 'threads' | 'emit'>,
  config: Pick<RunConfig, 'engine' | 'device'>,
): Promise<Engine> {
  const options = threads === undefined ? { emit } : { emit, threads };
  return engine ?? openEngine(config.engine, config.device, options);
}

/** A request's context alone. */
export function contextOf(request: WorkContext): WorkContext {
  const { storage, signal, emit, offline, engine, threads } = request;
  return {
    storage,
    signal,
    emit,
    ...(offline !== undefined && { offline }),
    ...(engine !== undefined && { engine }),
    ...(threads !== undefined && { threads }),
  };
}

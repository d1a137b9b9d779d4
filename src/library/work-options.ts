import type { RunEvent } from '../base/events.ts';
import { storageFrom } from '../base/storage-from.ts';

/** The options of all work: who stops it, who watches it, where it keeps what can be used again. */
export interface WorkOptions {
  /** Stops the work after its next step; what was trained is kept and can be resumed. */
  readonly signal?: AbortSignal;
  /** Called with every event, as they stand in `events.ndjson`. */
  readonly onEvent?: (event: RunEvent) => void;
  /** The folder for downloads and cached activations; by default that of the command line. */
  readonly cache?: string;
  /** Whether to keep from the network: weights that are not cached are an error then. */
  readonly offline?: boolean;
}

/** The context that the use cases take. */
export function workContext({ signal, onEvent, cache, offline }: WorkOptions) {
  const { env } = process;
  // The runtime collects data about its use for its maker unless this is set before its library is loaded.
  env.ORT_DISABLE_TELEMETRY = '1';
  return {
    storage: storageFrom(env, cache),
    signal: signal ?? new AbortController().signal,
    emit: onEvent ?? (() => {}),
    ...(offline !== undefined && { offline }),
  };
}

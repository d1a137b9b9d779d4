/** Where the course of a run is told, besides its own records. */
export type TrackerPlace =
  | { readonly kind: 'tensorboard' }
  | { readonly kind: 'mlflow'; readonly address: string; readonly experiment: string };

/** What a setting may say, for messages. */
export const TRACKER_FORM =
  'tensorboard, or mlflow=http://HOST:PORT (mlflow=ADDRESS#EXPERIMENT for an experiment of another name than vggtune)';

const DEFAULT_EXPERIMENT = 'vggtune';

/** Reads `tensorboard` and `mlflow=ADDRESS#EXPERIMENT`; undefined for anything else. */
export function parseTracker(text: string): TrackerPlace | undefined {
  if (text === 'tensorboard') return { kind: 'tensorboard' };
  if (!text.startsWith('mlflow=') || !URL.canParse(text.slice('mlflow='.length))) return undefined;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(
    text.slice('mlflow='.length),
  );
  // A password would stand in config.yaml, and in every message about the server.
  if (!/^https?:$/.test(protocol) || `${search}${username}${password}` !== '') return undefined;
  const experiment = decoded(hash.slice(1));
  if (experiment === undefined) return undefined;
  const address = `${origin}${pathname}`.replace(/\/+$/, '');
  return { kind: 'mlflow', address, experiment: experiment || DEFAULT_EXPERIMENT };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

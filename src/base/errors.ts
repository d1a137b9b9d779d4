/** Exit codes of the command line, by the kind of failure. */
export const EXIT_CODES = {
  ok: 0,
  bug: 1,
  usage: 2,
  data: 3,
  gate: 4,
  unavailable: 5,
  interrupted: 130,
} as const;

/** The kinds of errors that a user can mend; each has its exit code on the command line. */
export type FailureKind = Exclude<keyof typeof EXIT_CODES, 'ok' | 'bug'>;

/** What is known of an error beside its message: each part is shown on a line of its own. */
export interface ErrorDetails {
  /** What was expected. */
  readonly expected?: string;
  /** What was found instead. */
  readonly found?: string;
  /** A path, a key path of a config, a flag, or a byte offset. */
  readonly where?: string;
  /** What the user can do about it. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/**
 * An error that the user can fix: the command exits with the code of its kind and shows no stack. Anything
 * else that is thrown is a bug, and exits 1 with its stack.
 */
export class VggtuneError extends Error {
  readonly kind: FailureKind;
  readonly details: ErrorDetails;

  constructor(kind: FailureKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'VggtuneError';
    this.kind = kind;
    this.details = details;
  }

  /** The exit code of the command line for errors of this kind. */
  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }
}

/** A bad flag or config: exit 2. */
export const usageError = (message: string, details?: ErrorDetails) =>
  new VggtuneError('usage', message, details);

/** Bad data: a folder, an image, a weights file, a checkpoint: exit 3. */
export const dataError = (message: string, details?: ErrorDetails) =>
  new VggtuneError('data', message, details);

/** An engine, a device or a weights file that is not available: exit 5. */
export const unavailableError = (message: string, details?: ErrorDetails) =>
  new VggtuneError('unavailable', message, details);

/** The user's interrupt, after the work was saved: exit 130. */
export const interruptedError = (message: string, details?: ErrorDetails) =>
  new VggtuneError('interrupted', message, details);

/** The code of a system error (`ENOENT`, `ENOSPC`), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The system's own message, where our error wraps one. */
export function systemWords(error: unknown): string {
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

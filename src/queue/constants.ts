/** The name of the queue in the broker; its keys begin with `bull:vggtune:`. */
export const QUEUE_NAME = 'vggtune';

/**
 * Milliseconds for which a worker holds a run without a sign of life. Runs are computed in processes of their own, so
 * that the process that renews the lock is idle: only one that is gone, or cut off, lets it expire.
 */
export const LOCK_MS = 20_000;
/** Milliseconds between two renewals of a lock. */
export const RENEW_MS = 5000;
/** Milliseconds between two looks for runs whose lock has expired. */
export const STALLED_CHECK_MS = 10_000;
/** How often a run may be taken over from workers that are gone before it counts as what ended them. */
export const MOST_STALLS = 20;

/** How often a run is tried that fails for a reason which may pass. */
export const ATTEMPTS = 4;
/** Milliseconds before the second attempt; each further one waits twice as long. */
export const FIRST_BACKOFF_MS = 5000;

/** Seconds for which the broker keeps what has ended. */
export const KEEP_SECONDS = 30 * 24 * 3600;

/** The environment variable with the password of the broker, which other users of the machine cannot see. */
export const PASSWORD_VARIABLE = 'VGGTUNE_QUEUE_PASSWORD';

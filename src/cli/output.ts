import type { Writable } from 'node:stream';
import { dataError, systemCode } from '../base/errors.ts';

/**
 * Watches whether a stream's writes succeed: on a full disk a result is lost, and a job that continues with
 * half of it must be told.
 * @returns the error to tell, once the stream is flushed; undefined when all has arrived
 */
export function watchOutput(
  stream: Pick<Writable, 'on'> & { readonly isTTY?: boolean },
): () => Error | undefined {
  let lost: Error | undefined;
  stream.on('error', (error: Error) => {
    // `vggtune predict ... | head`: who stops reading has read enough. A terminal that was closed
    // answers with EIO.
    const code = systemCode(error);
    if (code === 'EPIPE' || (code === 'EIO' && stream.isTTY === true)) return;
    lost ??= dataError('the result could not be written', {
      found: error.message,
      where: 'stdout',
      fix: 'free some space, or write the output elsewhere',
      cause: error,
    });
  });
  return () => lost;
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import { interruptedError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import type { ForwardProgram } from '../engines/engine.ts';

/** Pixels of some images, with the position of each in the requested list. */
export interface PixelRows {
  readonly pixels: Uint8Array;
  readonly positions: readonly number[];
}

export interface ProbabilityRow {
  readonly position: number;
  /** One probability per class; a copy. */
  readonly probabilities: Float32Array;
}

/**
 * Runs a whole network, with softmax, over batches of pixels.
 * @throws VggtuneError (interrupted) between batches, on the signal
 */
export async function* scoreBatches(
  program: ForwardProgram,
  batches: AsyncIterable<PixelRows>,
  options: ScoreOptions,
): AsyncGenerator<ProbabilityRow, void, void> {
  const { task, total, emit, signal } = options;
  let done = 0;
  for await (const { pixels, positions } of batches) {
    if (signal.aborted) throw interruptedError('interrupted; nothing was written');
    if (positions.length > 0) {
      const scores = await program.run(pixels, positions.length);
      const classes = scores.length / positions.length;
      for (const [row, position] of positions.entries()) {
        yield { position, probabilities: scores.slice(row * classes, (row + 1) * classes) };
      }
    }
    done += positions.length;
    emit({ type: 'progress', task, done, total, unit: 'images' });
    await nextTurn();
  }
}

export interface ScoreOptions {
  readonly task: 'evaluate' | 'predict' | 'export';
  readonly total: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

import type { ForwardProgram } from '../engines/engine.ts';

interface Waiting {
  readonly pixels: Uint8Array;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (row: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs a program for callers that do not know of each other. A program has one buffer and runs one pass at a
 * time, so that what comes in meanwhile waits, and goes through together in the next pass.
 */
export function createBatcher(program: Pick<ForwardProgram, 'run'>, batchSize: number) {
  const queue: Waiting[] = [];
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, batchSize).filter((each) => !givenUp(each));
      if (batch.length > 0) await pass(program, batch);
    }
    working = undefined;
  }

  return {
    /** @returns [classes], a copy of its own */
    run: (pixels: Uint8Array, signal?: AbortSignal) =>
      new Promise<Float32Array>((resolve, reject) => {
        queue.push({ pixels, signal, resolve, reject });
        working ??= Promise.resolve().then(work);
      }),
    /** Resolves when nothing waits. */
    idle: () => working ?? Promise.resolve(),
  };
}

function givenUp({ signal, reject }: Waiting): boolean {
  if (signal?.aborted !== true) return false;
  reject(signal.reason);
  return true;
}

async function pass(
  program: Pick<ForwardProgram, 'run'>,
  batch: readonly Waiting[],
): Promise<void> {
  const size = batch[0]?.pixels.length ?? 0;
  const pixels = new Uint8Array(batch.length * size);
  for (const [at, each] of batch.entries()) pixels.set(each.pixels, at * size);
  try {
    const rows = await program.run(pixels, batch.length);
    const classes = rows.length / batch.length;
    // The program's buffer is written again by the next pass.
    for (const [at, { resolve }] of batch.entries()) {
      resolve(rows.slice(at * classes, (at + 1) * classes));
    }
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

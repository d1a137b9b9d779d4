import type { ForwardProgram } from '../engines/engine.ts';
import { runFull } from './feature-rows.ts';
import type { RowSource } from './sample-source.ts';

/**
 * Computes uncached features: with new views in each epoch there is nothing to cache, so the frozen prefix
 * runs over every batch.
 */
export function uncachedSource(options: {
  /** The source of the pixels. */
  readonly pixels: RowSource;
  readonly prefix: ForwardProgram;
  readonly rowLength: number;
}): RowSource & { release(): Promise<void> } {
  const { pixels, prefix, rowLength } = options;
  return {
    labels: pixels.labels,
    async *batches(order, request) {
      for await (const { rows, positions } of pixels.batches(order, request)) {
        if (!(rows instanceof Uint8Array)) throw new TypeError('the prefix takes pixels');
        const count = positions.length;
        const features = await runFull(prefix, { pixels: rows, count }, request.batchSize);
        yield { rows: features.subarray(0, count * rowLength), positions };
      }
    },
    release: () => prefix.release(),
  };
}

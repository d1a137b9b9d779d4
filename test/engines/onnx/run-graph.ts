import type { Tensor } from '../../../src/base/tensor.ts';
import type { Graph } from '../../../src/engines/onnx/graph.ts';
import { lower } from '../../../src/engines/onnx/lower.ts';
import type { Lowering } from '../../../src/engines/onnx/lowering.ts';
import { type Buffer32, createSession, type Session } from '../../../src/engines/onnx/session.ts';

/** A compiled graph whose outputs come back as new tensors. */
export interface Compiled {
  run(feeds: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>>;
  release(): Promise<void>;
}

export async function compile(
  graph: Graph,
  lowering?: Lowering,
  device = 'cpu',
): Promise<Compiled> {
  const model = lower(graph, { name: 'test', ...(lowering === undefined ? {} : { lowering }) });
  const session: Session = await createSession(model, { device, threads: 1 });
  return {
    run: async (feeds) => {
      const fetches = new Map<string, Buffer32>();
      for (const [name, { shape }] of graph.outputs) {
        const size = shape.reduce((product, length) => product * length, 1);
        fetches.set(name, { shape, data: new Float32Array(size) });
      }
      await session.run(feeds, fetches);
      return fetches;
    },
    release: () => session.release(),
  };
}

/** Compiles, runs once, and releases. */
export async function runGraph(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor> = new Map(),
  lowering?: Lowering,
  device = 'cpu',
): Promise<ReadonlyMap<string, Tensor>> {
  const compiled = await compile(graph, lowering, device);
  try {
    return await compiled.run(feeds);
  } finally {
    await compiled.release();
  }
}

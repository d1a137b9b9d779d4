import type { Tensor } from '../../../base/tensor.ts';
import { Graph } from '../graph.ts';
import type { Lowering } from '../lowering.ts';
import { emitLogSoftmax } from './log-softmax.ts';
import { emitMaxPool, emitMaxPoolGrad } from './max-pool.ts';
import { emitNormalise } from './pixels.ts';

/** Another way to write operators that some devices lack in their usual form. */
export interface PortableForm {
  readonly name: string;
  /** What the usual form asks of a device. */
  readonly usual: string;
  /** What this one takes in its place. */
  readonly portable: string;
  readonly rules: Lowering['rules'];
  readonly pixels?: Lowering['pixels'];
  /** A computation that needs the usual form: tried on a device to see whether it has that. */
  readonly probe: () => FormProbe;
}

export interface FormProbe {
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<
    string,
    Tensor | { readonly shape: number[]; readonly data: Uint8Array }
  >;
  /** What the output `y` must be, exactly or within rounding. */
  readonly expected: readonly number[];
}

/** Every operator that is not written alike for all devices. The CPU has all usual forms, which are faster there. */
export const PORTABLE_FORMS: readonly PortableForm[] = [
  {
    name: 'max pooling and its gradient',
    usual: 'MaxPool with Indices, MaxUnpool',
    portable: 'MaxPool without indices; Slice, Equal, Where and Concat for the gradient',
    rules: { maxPool: emitMaxPool, maxPoolGrad: emitMaxPoolGrad },
    probe: () => {
      const graph = new Graph();
      const x = graph.input('x', [1, 1, 2, 2]);
      const pooled = graph.node('maxPool', [x], { size: 2 });
      const [y, indices] = pooled.outputs;
      if (y === undefined || indices === undefined) throw new Error('maxPool has two outputs');
      graph.output('y', graph.add('maxPoolGrad', [y, x, y, indices], { size: 2 }));
      // The second and the third are equal: the gradient is the second's.
      const data = Float32Array.of(1, 3, 3, 2);
      return {
        graph,
        feeds: new Map([['x', { shape: [1, 1, 2, 2], data }]]),
        expected: [0, 3, 0, 0],
      };
    },
  },
  {
    name: 'log-softmax',
    usual: 'LogSoftmax',
    portable: 'ReduceMax, Sub, Exp, ReduceSum, Log',
    rules: { logSoftmax: emitLogSoftmax },
    probe: () => {
      const graph = new Graph();
      graph.output('y', graph.add('logSoftmax', [graph.input('x', [1, 2])], {}));
      const half = -Math.LN2;
      const data = Float32Array.of(1, 1);
      return { graph, feeds: new Map([['x', { shape: [1, 2], data }]]), expected: [half, half] };
    },
  },
  {
    name: 'pixels',
    usual: 'Transpose and Cast of uint8',
    portable: 'pixels that enter as float32',
    rules: { normalise: emitNormalise },
    pixels: 'float32',
    probe: () => {
      const graph = new Graph();
      const pixels = graph.input('x', [1, 1, 1, 3], 'uint8');
      const affine = { reverse: true, scale: [1, 2, 1], shift: [0, 0, 1] };
      graph.output('y', graph.add('normalise', [pixels], affine));
      const data = Uint8Array.of(10, 20, 250);
      return {
        graph,
        feeds: new Map([['x', { shape: [1, 1, 1, 3], data }]]),
        expected: [250, 40, 11],
      };
    },
  },
];

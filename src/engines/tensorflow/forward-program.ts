import { type Shape, sizeOf } from '../../base/tensor.ts';
import { checkRows } from '../batch-checks.ts';
import type { Activations, ForwardProgram, ForwardRequest, Pixels } from '../engine.ts';
import { outputShape, rowShape } from '../rows.ts';
import { readFloats, rowsTensor } from './layout.ts';
import { LayerRange } from './model.ts';
import type { LayersModel, TensorFlow } from './tensorflow.ts';

/** The most that the largest activation of one pass may take. */
const PASS_BYTES = 128 * 2 ** 20;

export function compileForward(tf: TensorFlow, request: ForwardRequest): ForwardProgram {
  const { network, from, to, taps = [] } = request;
  if (from < 0 || to > network.layers.length || from > to) {
    throw new RangeError(`no layers [${from}, ${to}) in ${network.layers.length}`);
  }
  if (taps.some((tap) => tap <= from || tap > to)) {
    throw new RangeError(`taps [${taps}] are not all in (${from}, ${to}]`);
  }
  return new TensorFlowForwardProgram(tf, request);
}

class TensorFlowForwardProgram implements ForwardProgram {
  readonly outputShape: Shape;
  readonly #tf: TensorFlow;
  readonly #layerRange: LayerRange;
  readonly #model: LayersModel;
  readonly #row: Shape;
  readonly #batchSize: number;
  /** Rows of one pass. */
  readonly #rows: number;
  /** The shapes of the taps, then of the output. */
  readonly #outputs: readonly Shape[];

  constructor(tf: TensorFlow, request: ForwardRequest) {
    const { network, from, to, batchSize, weights, taps = [], softmax = false } = request;
    const { carry = false } = request;
    this.#tf = tf;
    this.#batchSize = batchSize;
    this.#row = rowShape(network, from);
    this.outputShape = carry ? rowShape(network, to) : outputShape(network, to);
    this.#outputs = [...taps.map((tap) => outputShape(network, tap)), this.outputShape];
    const largest = Math.max(1, ...network.shapes.slice(from, to).map(sizeOf));
    this.#rows = Math.max(1, Math.floor(PASS_BYTES / (4 * largest)));
    this.#layerRange = new LayerRange(tf, { network, from, to });
    this.#layerRange.write(weights);
    this.#model = this.#layerRange.model({ taps, softmax, carry });
  }

  async run(rows: Pixels | Activations, count: number): Promise<Activations> {
    return this.#runAll(rows, count).at(-1) ?? new Float32Array(0);
  }

  async runTaps(rows: Pixels | Activations, count: number): Promise<readonly Activations[]> {
    return this.#runAll(rows, count).slice(0, -1);
  }

  async release(): Promise<void> {
    this.#layerRange.dispose();
  }

  #runAll(rows: Pixels | Activations, count: number): Float32Array[] {
    const size = sizeOf(this.#row);
    checkRows(rows, { count, batchSize: this.#batchSize, row: this.#row });
    const results = this.#outputs.map((shape) => new Float32Array(count * sizeOf(shape)));
    for (let start = 0; start < count; start += this.#rows) {
      const end = Math.min(count, start + this.#rows);
      this.#tf.tidy(() => {
        const input = rowsTensor(this.#tf, rows.subarray(start * size, end * size), this.#row);
        const outputs = this.#model.apply(input, { training: false });
        [outputs].flat().forEach((output, index) => {
          if (!('dataId' in output)) throw new Error('the model was not run');
          const row = sizeOf(this.#outputs[index] ?? []);
          results[index]?.set(readFloats(output), start * row);
        });
      });
    }
    return results;
  }
}

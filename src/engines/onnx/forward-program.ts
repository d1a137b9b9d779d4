import { type Shape, sizeOf } from '../../base/tensor.ts';
import type { Activations, ForwardProgram, ForwardRequest, Pixels } from '../engine.ts';
import { outputShape, rowShape } from '../rows.ts';
import { forwardGraph, tapName } from './forward-graph.ts';
import { lower } from './lowering.ts';
import { type Buffer32, createSession, type Session, type SessionOptions } from './session.ts';

const INPUT = 'input';
const OUTPUT = 'output';

/** The most that the largest activation of one pass may take. */
const PASS_BYTES = 128 * 2 ** 20;

export async function compileForward(
  request: ForwardRequest,
  options: SessionOptions,
): Promise<ForwardProgram> {
  const { network, from, to, taps = [] } = request;
  if (from < 0 || to > network.layers.length || from > to) {
    throw new RangeError(`no layers [${from}, ${to}) in ${network.layers.length}`);
  }
  if (taps.some((tap) => tap <= from || tap > to)) {
    throw new RangeError(`taps [${taps}] are not all in (${from}, ${to}]`);
  }
  const graph = forwardGraph({ ...request, inputName: INPUT, outputName: OUTPUT });
  const openBatch = [INPUT, OUTPUT, ...taps.map(tapName)];
  const session = await createSession(lower(graph, { name: 'forward', openBatch }), options);
  return new OnnxForwardProgram(request, session);
}

class OnnxForwardProgram implements ForwardProgram {
  readonly outputShape: Shape;
  readonly #session: Session;
  readonly #inputShape: Shape;
  readonly #batchSize: number;
  /** Rows of one pass. */
  readonly #rows: number;
  /** The outputs by name, with the shape of one row. */
  readonly #outputs: ReadonlyMap<string, { readonly row: Shape; readonly data: Float32Array }>;
  readonly #taps: readonly number[];

  constructor(request: ForwardRequest, session: Session) {
    const { network, from, to, batchSize, taps = [] } = request;
    this.#session = session;
    this.#batchSize = batchSize;
    this.#taps = taps;
    this.#inputShape = rowShape(network, from);
    this.outputShape = outputShape(network, to);
    const outputs = [[OUTPUT, to] as const, ...taps.map((tap) => [tapName(tap), tap] as const)];
    this.#outputs = new Map(
      outputs.map(([name, boundary]) => {
        const row = outputShape(network, boundary);
        return [name, { row, data: new Float32Array(batchSize * sizeOf(row)) }];
      }),
    );
    const largest = Math.max(1, ...network.shapes.slice(from, to).map(sizeOf));
    this.#rows = Math.min(batchSize, Math.max(1, Math.floor(PASS_BYTES / (4 * largest))));
  }

  async run(rows: Pixels | Activations, count: number): Promise<Activations> {
    await this.#runAll(rows, count);
    return this.#result(OUTPUT, count);
  }

  async runTaps(rows: Pixels | Activations, count: number): Promise<readonly Activations[]> {
    await this.#runAll(rows, count);
    return this.#taps.map((tap) => this.#result(tapName(tap), count));
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  async #runAll(rows: Pixels | Activations, count: number): Promise<void> {
    const size = sizeOf(this.#inputShape);
    if (count < 1 || count > this.#batchSize || rows.length < count * size) {
      throw new RangeError(
        `1 to ${this.#batchSize} rows of ${size} elements, not ${count} in ${rows.length} elements`,
      );
    }
    for (let start = 0; start < count; start += this.#rows) {
      const end = Math.min(count, start + this.#rows);
      const shape = [end - start, ...this.#inputShape];
      const data = rows.subarray(start * size, end * size);
      const input = { shape, data } as Buffer32;
      await this.#session.run(new Map([[INPUT, input]]), this.#fetches(start, end));
    }
  }

  #fetches(start: number, end: number): Map<string, Buffer32> {
    const fetches = new Map<string, Buffer32>();
    for (const [name, { row, data }] of this.#outputs) {
      const size = sizeOf(row);
      const shape = [end - start, ...row];
      fetches.set(name, { shape, data: data.subarray(start * size, end * size) });
    }
    return fetches;
  }

  #result(name: string, count: number): Float32Array {
    const output = this.#outputs.get(name);
    if (output === undefined) throw new Error(`the program has no output ${name}`);
    return output.data.subarray(0, count * sizeOf(output.row));
  }
}

import { type Shape, sizeOf } from '../../base/tensor.ts';
import { checkRows } from '../batch-checks.ts';
import type { Activations, ForwardProgram, ForwardRequest, Pixels } from '../engine.ts';
import { outputShape, rowShape } from '../rows.ts';
import { forwardGraph, tapName } from './forward-graph.ts';
import { lower } from './lower.ts';
import { filledUp } from './passes.ts';
import { type Buffer32, createSession, type Session } from './session.ts';
import { type CompileOptions, chooseLowering } from './winograd/choose.ts';

const INPUT = 'input';
const OUTPUT = 'output';

/** The largest size of the largest activation of one pass, in bytes. */
const PASS_BYTES = 128 * 2 ** 20;

/** The 36 points of a tile of 16 pixels. */
const POINTS_PER_PIXEL = 36 / 16;

export async function compileForward(
  request: ForwardRequest,
  options: CompileOptions,
): Promise<ForwardProgram> {
  const { network, from, to, taps = [] } = request;
  if (from < 0 || to > network.layers.length || from > to) {
    throw new RangeError(`no layers [${from}, ${to}) in ${network.layers.length}`);
  }
  if (taps.some((tap) => tap <= from || tap > to)) {
    throw new RangeError(`taps [${taps}] are not all in (${from}, ${to}]`);
  }
  const lowering = chooseLowering({ network, from, to, isTrained: false }, options);
  const names = { inputName: INPUT, outputName: OUTPUT };
  if (lowering.opensRows) {
    const openBatch = [INPUT, OUTPUT, ...taps.map(tapName)];
    const graph = forwardGraph({ ...request, ...names });
    const model = lower(graph, { name: 'forward', lowering, openBatch });
    const passes = { rows: passRows(request, PASS_BYTES), isFixed: false };
    return new OnnxForwardProgram(request, await createSession(model, options), passes);
  }
  const rows = passRows(request, PASS_BYTES / POINTS_PER_PIXEL);
  const model = lower(forwardGraph({ ...request, ...names, rows }), { name: 'forward', lowering });
  const session = await createSession(model, { ...options, planMemory: false });
  return new OnnxForwardProgram(request, session, { rows, isFixed: true });
}

/** The number of samples of one pass; all passes of a full batch are of nearly equal size. */
function passRows({ network, from, to, batchSize }: ForwardRequest, bytes: number): number {
  const largest = Math.max(1, ...network.shapes.slice(from, to).map(sizeOf));
  const most = Math.max(1, Math.floor(bytes / (4 * largest)));
  return Math.ceil(batchSize / Math.ceil(batchSize / most));
}

interface Passes {
  /** Rows of one pass. */
  readonly rows: number;
  /** Whether the graph takes exactly so many, so that a last pass of fewer is filled up. */
  readonly isFixed: boolean;
}

class OnnxForwardProgram implements ForwardProgram {
  readonly outputShape: Shape;
  readonly #session: Session;
  readonly #inputShape: Shape;
  readonly #batchSize: number;
  readonly #passes: Passes;
  /** The outputs by name, with the shape of one row. */
  readonly #outputs: ReadonlyMap<string, { readonly row: Shape; readonly data: Float32Array }>;
  readonly #taps: readonly number[];

  constructor(request: ForwardRequest, session: Session, passes: Passes) {
    const { network, from, to, batchSize, taps = [], carry = false } = request;
    this.#session = session;
    this.#passes = passes;
    this.#batchSize = batchSize;
    this.#taps = taps;
    this.#inputShape = rowShape(network, from);
    this.outputShape = carry ? rowShape(network, to) : outputShape(network, to);
    const room = Math.ceil(batchSize / passes.rows) * passes.rows;
    const outputs: readonly (readonly [string, Shape])[] = [
      [OUTPUT, this.outputShape],
      ...taps.map((tap) => [tapName(tap), outputShape(network, tap)] as const),
    ];
    this.#outputs = new Map(
      outputs.map(([name, row]) => [name, { row, data: new Float32Array(room * sizeOf(row)) }]),
    );
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
    checkRows(rows, { count, batchSize: this.#batchSize, row: this.#inputShape });
    for (let start = 0; start < count; start += this.#passes.rows) {
      const next = start + this.#passes.rows;
      const present = rows.subarray(start * size, Math.min(count, next) * size);
      const end = this.#passes.isFixed ? next : Math.min(count, next);
      await this.#runPass(filledUp(present, (end - start) * size), start, end);
    }
  }

  async #runPass(data: Pixels | Activations, start: number, end: number): Promise<void> {
    const input = { shape: [end - start, ...this.#inputShape], data } as Buffer32;
    await this.#session.run(new Map([[INPUT, input]]), this.#fetches(start, end));
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

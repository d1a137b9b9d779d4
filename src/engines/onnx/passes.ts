import { type Shape, sizeOf } from '../../base/tensor.ts';
import { checkTrainingBatch } from '../batch-checks.ts';
import type { TrainingBatch } from '../engine.ts';
import { rowShape } from '../rows.ts';
import type { TrainingPlan } from '../training-plan.ts';
import type { Buffer32, PixelBuffer } from './session.ts';
import * as names from './training-names.ts';

/** One run of a gradient graph: `count` of the batch's rows from `start`, padded to `rows`. */
export interface Pass {
  readonly start: number;
  readonly count: number;
  readonly rows: number;
}

/** Splits a batch into passes. */
export function passesOf(
  count: number,
  { microBatch, exactRows }: Pick<TrainingPlan, 'microBatch' | 'exactRows'>,
): Pass[] {
  const passes: Pass[] = [];
  for (let start = 0; start < count; start += microBatch) {
    const present = Math.min(microBatch, count - start);
    passes.push({ start, count: present, rows: exactRows ? present : microBatch });
  }
  return passes;
}

/** One input of the gradient graph that holds rows of the batch. */
interface Column {
  readonly name: string;
  readonly row: Shape;
  readonly of: (batch: TrainingBatch) => Float32Array | Uint8Array | undefined;
}

/** Cuts a batch into the inputs of its passes; whole ones are views, padded ones are copied. */
export class PassFeeds {
  readonly #plan: TrainingPlan;
  readonly #columns: readonly Column[];
  readonly #padded = new Map<string, Float32Array | Uint8Array>();

  constructor(plan: TrainingPlan) {
    this.#plan = plan;
    this.#columns = [
      { name: names.ROWS, row: rowShape(plan.network, plan.from), of: ({ rows }) => rows },
      { name: names.TARGETS, row: [plan.network.classes], of: ({ targets }) => targets },
      { name: names.ROW_WEIGHTS, row: [1], of: ({ weights }) => weights },
      ...[...plan.dropouts].map(([layer, row]) => ({
        name: names.maskName(layer),
        row,
        of: ({ dropout }: TrainingBatch) => dropout.get(layer),
      })),
    ];
  }

  /** @throws RangeError when the batch is too large or one of its arrays too short */
  check(batch: TrainingBatch): void {
    checkTrainingBatch(this.#plan, batch);
  }

  feeds(batch: TrainingBatch, pass: Pass): [string, Buffer32 | PixelBuffer][] {
    return this.#columns.map((column) => [column.name, this.#feed(column, batch, pass)]);
  }

  #feed({ name, row, of }: Column, batch: TrainingBatch, pass: Pass): Buffer32 | PixelBuffer {
    const size = sizeOf(row);
    const shape = [pass.rows, ...row];
    const all = of(batch);
    const present = all?.subarray(pass.start * size, (pass.start + pass.count) * size);
    if (present === undefined) throw new RangeError(`the batch has no ${name}`);
    if (pass.count === pass.rows) return buffer(shape, present);
    const staged = this.#padded.get(name);
    const padded = filledUp(present, pass.rows * size, staged);
    this.#padded.set(name, padded);
    return buffer(shape, padded);
  }
}

/** The rows, and zeros after them where fewer are there than a graph takes. */
export function filledUp(
  rows: Float32Array | Uint8Array,
  length: number,
  staged?: Float32Array | Uint8Array,
): Float32Array | Uint8Array {
  if (rows.length === length) return rows;
  const empty = () =>
    rows instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
  const filled = staged ?? empty();
  filled.set(rows);
  return filled.fill(0, rows.length);
}

function buffer(shape: Shape, data: Float32Array | Uint8Array): Buffer32 | PixelBuffer {
  return data instanceof Float32Array ? { shape, data } : { shape, data };
}

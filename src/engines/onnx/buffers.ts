import { type NamedTensors, type Shape, sameShape, type Tensor, zeros } from '../../base/tensor.ts';
import type { Buffer32 } from './session.ts';

/**
 * Tensors that a graph reads and replaces: two sets of buffers, one that is current and one that
 * is written, which change places after each run. Nothing is allocated after the start.
 */
export class SwappingBuffers {
  #current: ReadonlyMap<string, Tensor>;
  #next: ReadonlyMap<string, Tensor>;

  constructor(shapes: Iterable<readonly [string, Shape]>) {
    const all = [...shapes];
    this.#current = new Map(all.map(([name, shape]) => [name, zeros(shape)]));
    this.#next = new Map(all.map(([name, shape]) => [name, zeros(shape)]));
  }

  get current(): ReadonlyMap<string, Buffer32> {
    return this.#current;
  }

  get next(): ReadonlyMap<string, Buffer32> {
    return this.#next;
  }

  swap(): void {
    [this.#current, this.#next] = [this.#next, this.#current];
  }

  clear(): void {
    for (const { data } of this.#current.values()) data.fill(0);
  }

  /** Copies. */
  read(): [string, Tensor][] {
    return [...this.#current].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.slice() },
    ]);
  }

  /** @throws Error when a tensor is missing or of another shape */
  write(tensors: NamedTensors): void {
    for (const [name, { shape, data }] of this.#current) {
      const found = tensors.get(name);
      if (found === undefined || !sameShape(found.shape, shape)) {
        const what = found === undefined ? 'missing' : `[${found.shape}]`;
        throw new Error(`the state's ${name} is ${what}, not [${shape}]`);
      }
      data.set(found.data);
    }
  }
}

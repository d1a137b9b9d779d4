import { type NamedTensors, type Shape, sameShape, type Tensor, zeros } from '../../base/tensor.ts';
import type { Buffer32, Feeds, Residents } from './session.ts';

/** Tensors that graphs read, in the memory of the host or of a device. */
export interface TensorSource {
  /** What a graph reads. */
  current(): Promise<Feeds>;
  release(): Promise<void>;
}

/** Tensors that graphs read and may replace. */
export interface TensorSet extends TensorSource {
  /** Where a graph writes its results on the host, by the name of the tensor; none on a device. */
  readonly next: ReadonlyMap<string, Buffer32>;
  /**
   * Makes the results of a run current.
   * @param residents what the run left on the device
   * @param outputOf the name of a tensor's output
   */
  replace(residents: Residents, outputOf: (name: string) => string): void;
  /** Sets all to zero. */
  clear(): Promise<void>;
  /** Copies. */
  read(): Promise<[string, Tensor][]>;
  /** @throws Error when a tensor is missing or of another shape; nothing is written then */
  write(tensors: NamedTensors): void;
}

export type Shapes = readonly (readonly [string, Shape])[];

/**
 * Tensors of the host: two sets of buffers, one that is current and one that is written, which change places after
 * each run. The second is made when it is first written, so that tensors that are only read have one.
 */
export class SwappingBuffers implements TensorSet {
  readonly #shapes: Shapes;
  #current: ReadonlyMap<string, Tensor>;
  #next: ReadonlyMap<string, Tensor> | undefined;

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
    this.#current = zerosOf(shapes);
  }

  async current(): Promise<Feeds> {
    return this.#current;
  }

  get next(): ReadonlyMap<string, Buffer32> {
    this.#next ??= zerosOf(this.#shapes);
    return this.#next;
  }

  replace(): void {
    const before = this.#current;
    this.#current = this.#next ?? before;
    this.#next = before;
  }

  async clear(): Promise<void> {
    for (const { data } of this.#current.values()) data.fill(0);
  }

  async read(): Promise<[string, Tensor][]> {
    return copiesOf(this.#current);
  }

  write(tensors: NamedTensors): void {
    const found = fittingTensors(this.#shapes, tensors);
    for (const [name, { data }] of this.#current) data.set(found.get(name)?.data ?? []);
  }

  async release(): Promise<void> {}
}

export function zerosOf(shapes: Shapes): ReadonlyMap<string, Tensor> {
  return new Map(shapes.map(([name, shape]) => [name, zeros(shape)]));
}

export function copiesOf(tensors: NamedTensors): [string, Tensor][] {
  return [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]);
}

/** @throws Error when a tensor is missing or of another shape */
export function fittingTensors(shapes: Shapes, tensors: NamedTensors): NamedTensors {
  return new Map(
    shapes.map(([name, shape]): [string, Tensor] => {
      const found = tensors.get(name);
      if (found === undefined || !sameShape(found.shape, shape)) {
        const what = found === undefined ? 'missing' : `[${found.shape}]`;
        throw new Error(`the state's ${name} is ${what}, not [${shape}]`);
      }
      return [name, found];
    }),
  );
}

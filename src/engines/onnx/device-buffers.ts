import type { NamedTensors, Tensor } from '../../base/tensor.ts';
import {
  copiesOf,
  fittingTensors,
  type Shapes,
  SwappingBuffers,
  type TensorSet,
  type TensorSource,
  zerosOf,
} from './buffers.ts';
import { traitsOf } from './devices.ts';
import { Graph } from './graph.ts';
import { lower } from './lower.ts';
import {
  createSession,
  type DeviceTensor,
  type Feeds,
  type Fetches,
  type Residents,
  type Session,
  type SessionOptions,
} from './session.ts';
import * as names from './training-names.ts';

/** Tensors where a device keeps them: in its own memory if the runtime can bind that, else on the host. */
export function tensorSet(shapes: Shapes, options: SessionOptions): TensorSet {
  if (shapes.length === 0 || !traitsOf(options.device).bindsBuffers) {
    return new SwappingBuffers(shapes);
  }
  return new DeviceBuffers(shapes, options);
}

/** Tensors that never change, where a device keeps them. On the host they are those given, not copies. */
export function constants(tensors: NamedTensors, options: SessionOptions): TensorSource {
  if (!traitsOf(options.device).bindsBuffers) {
    return { current: async () => tensors, release: async () => {} };
  }
  const shapes = [...tensors].map(([name, { shape }]) => [name, shape] as const);
  return new DeviceBuffers(shapes, options, tensors);
}

/**
 * Tensors of a device. They are carried there when a graph first reads them, and back when somebody asks: between
 * steps they stay. A run makes new ones, and those before are let go at once, since the garbage collector frees no
 * memory of a device. The session that made a tensor must not be released before it.
 */
class DeviceBuffers implements TensorSet {
  readonly next: ReadonlyMap<string, Tensor> = new Map();
  readonly #shapes: Shapes;
  readonly #options: SessionOptions;
  /** What was written and has not been carried to the device yet. */
  #pending: NamedTensors | undefined;
  #held: ReadonlyMap<string, DeviceTensor> = new Map();
  /** What carried tensors to the device. It lives as long as those: they are in its memory. */
  #carrier: Session | undefined;
  /** Kept for sums that begin at zero again and again. */
  #zeros: ReadonlyMap<string, DeviceTensor> | undefined;

  constructor(shapes: Shapes, options: SessionOptions, first: NamedTensors = zerosOf(shapes)) {
    this.#shapes = shapes;
    this.#options = options;
    this.#pending = first;
  }

  async current(): Promise<Feeds> {
    if (this.#pending === undefined) return this.#held;
    const carried = await this.#carry(this.#pending);
    this.#pending = undefined;
    this.#hold(carried);
    return carried;
  }

  replace(residents: Residents, outputOf: (name: string) => string): void {
    const held = residentsOf(this.#shapes, residents, outputOf);
    this.#pending = undefined;
    this.#hold(held);
  }

  async clear(): Promise<void> {
    this.#zeros ??= await this.#carry(zerosOf(this.#shapes));
    this.#pending = undefined;
    this.#hold(this.#zeros);
  }

  async read(): Promise<[string, Tensor][]> {
    if (this.#pending !== undefined) return copiesOf(this.#pending);
    const home = zerosOf(this.#shapes);
    const session = await this.#copier([]);
    try {
      await session.run(this.#held, outputs(home));
    } finally {
      await session.release();
    }
    return [...home];
  }

  write(tensors: NamedTensors): void {
    this.#pending = new Map(copiesOf(fittingTensors(this.#shapes, tensors)));
    this.#hold(new Map());
  }

  async release(): Promise<void> {
    this.#hold(new Map());
    for (const tensor of this.#zeros?.values() ?? []) tensor.release();
    this.#zeros = undefined;
    await this.#carrier?.release();
    this.#carrier = undefined;
  }

  #hold(tensors: ReadonlyMap<string, DeviceTensor>): void {
    if (tensors === this.#held) return;
    if (this.#held !== this.#zeros) for (const tensor of this.#held.values()) tensor.release();
    this.#held = tensors;
  }

  async #carry(tensors: NamedTensors): Promise<ReadonlyMap<string, DeviceTensor>> {
    const all = this.#shapes.map(([name]) => names.newName(name));
    this.#carrier ??= await this.#copier(all);
    const residents = await this.#carrier.run(tensors, new Map());
    return residentsOf(this.#shapes, residents, names.newName);
  }

  /** A session that gives its inputs back, those named on the device. */
  #copier(resident: readonly string[]): Promise<Session> {
    const graph = new Graph();
    for (const [name, shape] of this.#shapes) {
      graph.output(names.newName(name), graph.input(name, shape));
    }
    return createSession(lower(graph, { name: 'copy' }), { ...this.#options, resident });
  }
}

/** Buffers under the names of the outputs that fill them. */
function outputs(buffers: ReadonlyMap<string, Tensor>): Fetches {
  return new Map([...buffers].map(([name, buffer]) => [names.newName(name), buffer]));
}

/** @throws Error when the run left one of the tensors elsewhere: a bug */
function residentsOf(
  shapes: Shapes,
  residents: Residents,
  outputOf: (name: string) => string,
): ReadonlyMap<string, DeviceTensor> {
  return new Map(
    shapes.map(([name]): [string, DeviceTensor] => {
      const tensor = residents.get(outputOf(name));
      if (tensor === undefined) throw new Error(`the run left no ${outputOf(name)} on the device`);
      return [name, tensor];
    }),
  );
}

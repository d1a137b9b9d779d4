import { zeros } from '../../base/tensor.ts';
import type { OnnxModel } from '../../formats/onnx-model.ts';
import {
  type Buffer32,
  createSession,
  type Feeds,
  type Session,
  type SessionOptions,
} from './session.ts';

/**
 * Weights in another form that a graph needs. They are computed when first needed after the weights changed:
 * once per step, however many passes the step has.
 */
export class Preparation {
  readonly #session: Session | undefined;
  readonly #prepared: ReadonlyMap<string, Buffer32>;
  #isStale = true;

  private constructor(session: Session | undefined, prepared: ReadonlyMap<string, Buffer32>) {
    this.#session = session;
    this.#prepared = prepared;
  }

  /** @param model as `lowerPrepared` gives it; without one there is nothing to prepare */
  static async create(model: OnnxModel | undefined, options: SessionOptions): Promise<Preparation> {
    if (model === undefined) return new Preparation(undefined, new Map());
    const prepared = model.outputs.map(({ name, shape }): [string, Buffer32] => [
      name,
      zeros(shape.map(Number)),
    ]);
    const session = await createSession(model, { ...options, keepMemory: false });
    return new Preparation(session, new Map(prepared));
  }

  /** Must be called whenever the weights have changed. */
  invalidate(): void {
    this.#isStale = true;
  }

  /** @param weights all of them, by name */
  async of(weights: Feeds): Promise<ReadonlyMap<string, Buffer32>> {
    if (this.#session !== undefined && this.#isStale) {
      const { inputs } = this.#session;
      const feeds = [...weights].filter(([name]) => inputs.has(name));
      await this.#session.run(new Map(feeds), this.#prepared);
      this.#isStale = false;
    }
    return this.#prepared;
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }
}

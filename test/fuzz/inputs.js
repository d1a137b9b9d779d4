// Where inputs come from: seeds, and what of their changes led to something new.
import { grow, mutate } from './mutate.js';

/** Of a thousand inputs so many are large. */
const LARGE_PER_THOUSAND = 0.5;
/** The newest of these are kept; the seeds stay. */
const MOST_KEPT = 1500;

export class Inputs {
  #seeds;
  #kept = [];
  #reader;
  #rng;

  /** @param corpus inputs that were found before; they are seeds too */
  constructor(reader, { rng, corpus }) {
    this.#reader = reader;
    this.#rng = rng;
    this.#seeds = [...reader.seeds, ...corpus].map((bytes) => Buffer.from(bytes));
  }

  get seeds() {
    return this.#seeds;
  }

  get kept() {
    return this.#kept.length;
  }

  keep(bytes) {
    if (bytes.length > 65_536) return;
    if (this.#kept.length < MOST_KEPT) this.#kept.push(Buffer.from(bytes));
    else this.#kept[this.#rng.integer(MOST_KEPT)] = Buffer.from(bytes);
  }

  next() {
    const rng = this.#rng;
    const bytes = this.#pick();
    const tools = {
      rng,
      tokens: this.#reader.tokens,
      other: this.#pick(),
      mutate: (part) => mutate(part, tools),
    };
    if (rng.uniform() * 1000 < LARGE_PER_THOUSAND) return grow(bytes, tools);
    if (this.#reader.make !== undefined && rng.integer(2) === 0) {
      const made = this.#make(Buffer.from(bytes), tools);
      if (made !== undefined) return made;
    }
    return mutate(bytes, tools);
  }

  #pick() {
    const list = this.#kept.length > 0 && this.#rng.integer(3) > 0 ? this.#kept : this.#seeds;
    return list[this.#rng.integer(list.length)];
  }

  #make(bytes, tools) {
    try {
      return this.#reader.make(bytes, tools);
    } catch {
      // What was changed before may have no form any more.
      return undefined;
    }
  }
}

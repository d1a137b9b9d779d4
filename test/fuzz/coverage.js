// Which parts of the product's code have run, as V8 counts them: an input that reaches a new part is
// worth changing further. V8 counts for as many inputs as one likes at once, so that a batch of inputs
// costs little more than one.
import { Session } from 'node:inspector';

export class Coverage {
  #session = new Session();
  /** By function: the ranges of it that have never run. */
  #unreached = new Map();

  start() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop() {
    this.#post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Forgets what has run since the last look. */
  skip() {
    this.#post('Profiler.takePreciseCoverage');
  }

  /**
   * Whether something has run since the last look that never ran before.
   * @param {boolean} keep note it, so that it is new only once
   */
  isNew(keep) {
    const { result } = this.#post('Profiler.takePreciseCoverage');
    let found = false;
    for (const { url, functions } of result) {
      if (!/\/dist\/|\/node_modules\/(yaml|zod|protobufjs)\//.test(url)) continue;
      for (const one of functions) {
        if (this.#looksNew(url, one.ranges, keep)) found = true;
      }
    }
    return found;
  }

  #looksNew(url, [whole, ...blocks], keep) {
    if (whole === undefined || whole.count === 0) return false;
    const key = `${url}:${whole.startOffset}`;
    const now = blocks.filter(({ count }) => count === 0);
    const before = this.#unreached.get(key);
    if (before === undefined) {
      if (keep) this.#unreached.set(key, now);
      return true;
    }
    const within = (range) => (outer) =>
      outer.startOffset <= range.startOffset && range.endOffset <= outer.endOffset;
    const still = before.filter((range) => now.some(within(range)));
    if (still.length === before.length) return false;
    if (keep) {
      const reached = before.filter((range) => !now.some(within(range)));
      const rest = now.filter((range) => reached.some(within(range)));
      this.#unreached.set(key, [...still, ...rest]);
    }
    return true;
  }

  #post(method, parameters) {
    let answer;
    this.#session.post(method, parameters, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }
}

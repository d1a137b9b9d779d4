import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { LONGEST_TIMER_MS } from '../base/duration.ts';
import { type BatchResults, batchResults } from '../batch/results.ts';
import { type BatchEvent, initialResult, type RunBatchRequest } from '../batch/runner.ts';
import { writeResults } from '../batch/write-results.ts';
import { writeBest } from './best-config.ts';
import { Candidate } from './candidate.ts';
import { chooseBest, type Lead } from './choose-best.ts';
import { promoted, RUNGS } from './halving.ts';

export interface SearchRequest extends Omit<RunBatchRequest, 'jobs'> {
  /** Seconds; Infinity: until all candidates are through. */
  readonly budget: number;
}

export interface SearchResults extends BatchResults {
  readonly search: {
    /** Seconds; null without a limit. */
    readonly budget: number | null;
    readonly spent: number;
    /** The run that is chosen; null where none was trained to its end. */
    readonly best: string | null;
    /** Its config. */
    readonly bestConfig: string | null;
    /** How far it is ahead of the first run; where the first stays, how far the next best is. Null of one run alone. */
    readonly lead: Lead | null;
  };
}

/** The share of the time in which candidates begin; the best of them need the rest. */
const BEGINNING = 0.4;

/**
 * Trains the first run to its end, since the others have to beat it; then the others by successive halving, as many
 * as there is time for. They are compared by validation images or by cross-validation, never by test images. What
 * is stopped is kept: the same search again goes on where it was, with another budget.
 */
export async function runSearch(request: SearchRequest): Promise<SearchResults> {
  const search = new Search(request);
  try {
    await search.write();
    await search.run();
  } finally {
    search.close();
  }
  return search.write();
}

class Search {
  readonly #request: SearchRequest;
  readonly #candidates: readonly Candidate[];
  readonly #began = performance.now();
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;

  constructor(request: SearchRequest) {
    this.#request = request;
    this.#candidates = request.runs.map((run) => new Candidate(run, initialResult(run)));
    this.#signal = AbortSignal.any([request.signal, this.#over.signal]);
    if (Number.isFinite(request.budget)) this.#watch(request.budget);
  }

  close(): void {
    this.#over.abort();
  }

  #watch(seconds: number): void {
    const { signal } = this.#over;
    const milliseconds = Math.min(seconds * 1000, LONGEST_TIMER_MS);
    wait(milliseconds, undefined, { signal, ref: false }).then(
      () => this.#over.abort(),
      () => {},
    );
  }

  get #spent(): number {
    return (performance.now() - this.#began) / 1000;
  }

  async run(): Promise<void> {
    for (const candidate of this.#candidates) {
      if (candidate.result.reused) this.#emitEnd(candidate);
    }
    const [first, ...others] = this.#candidates;
    if (first !== undefined) await this.#trainTo(first, 1);
    // Those that an earlier search has trained to their end would take the places of those that may go on.
    const open = others.filter(({ hasEnded }) => !hasEnded);
    while (open.length > 0 && !this.#signal.aborted) await this.#bracket(open);
  }

  /** One round of halving, over as many candidates as can begin in their share of the time that is left. */
  async #bracket(open: Candidate[]): Promise<void> {
    const until = this.#spent + BEGINNING * (this.#request.budget - this.#spent);
    let reached: Candidate[] = [];
    while (
      open.length > 0 &&
      !this.#signal.aborted &&
      (reached.length === 0 || this.#spent < until)
    ) {
      const candidate = open.shift() as Candidate;
      await this.#trainTo(candidate, RUNGS[0]);
      reached.push(candidate);
    }
    for (const share of RUNGS.slice(1)) {
      reached = promoted(reached, this.#request.metric);
      for (const candidate of reached) await this.#trainTo(candidate, share);
    }
  }

  async #trainTo(candidate: Candidate, share: number): Promise<void> {
    if (this.#signal.aborted || candidate.hasEnded) return;
    const { emit } = this.#request;
    const at = this.#candidates.indexOf(candidate);
    emit({ type: 'run-start', at });
    const setting = { ...this.#request, signal: this.#signal };
    await candidate.trainTo(share, setting, (event) => emit({ type: 'run-event', at, event }));
    this.#emitEnd(candidate);
    await this.write();
  }

  #emitEnd(candidate: Candidate): void {
    const at = this.#candidates.indexOf(candidate);
    const event: BatchEvent = { type: 'run-end', at, result: candidate.result };
    this.#request.emit(event);
  }

  async #choose() {
    const judged = await Promise.all(
      this.#candidates.map(async (candidate) => ({
        candidate,
        figures: candidate.figures,
        predictions: await candidate.predictions(),
      })),
    );
    const [first, ...others] = judged;
    const isTrained = ({ candidate }: (typeof judged)[number]) => candidate.isTrained;
    return chooseBest(
      first !== undefined && isTrained(first) ? first : undefined,
      others.filter(isTrained),
      this.#request.metric,
    );
  }

  async write(): Promise<SearchResults> {
    const { metric, results: folder, budget } = this.#request;
    const all = batchResults(
      this.#candidates.map(({ result }) => result),
      metric,
    );
    const choice = await this.#choose();
    const best = choice?.best.candidate;
    const bestConfig = best === undefined ? null : await writeBest(folder, best, metric);
    const results: SearchResults = {
      ...all,
      search: {
        budget: Number.isFinite(budget) ? budget : null,
        spent: this.#spent,
        best: best?.run.name ?? null,
        bestConfig,
        lead: choice?.lead ?? null,
      },
    };
    await writeResults(folder, results);
    return results;
  }
}

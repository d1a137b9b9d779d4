import { readFile } from 'node:fs/promises';
import type { Emit, RunEvent } from '../base/events.ts';
import { runJob } from '../batch/batch-job.ts';
import type { BatchRun } from '../batch/plan-batch.ts';
import type { RunResult } from '../batch/results.ts';
import { resultOf } from '../batch/runner.ts';
import type { GateMetric } from '../config/gates.ts';
import { parsePredictions } from '../report/read-predictions.ts';
import { readEvents } from '../report/run-events.ts';
import type { ImagePrediction } from '../run/record.ts';
import { runPaths } from '../run/store.ts';
import { compareFigures, type Figures } from './halving.ts';

/** What a search gives to each run. */
export interface SearchSetting {
  readonly metric: GateMetric;
  readonly storage: BatchJob['storage'];
  readonly offline: boolean;
  /** Ends the search: somebody stops it, or its time is over. */
  readonly signal: AbortSignal;
}

type BatchJob = Parameters<typeof runJob>[0];

/** A run of a search. It is trained piece by piece, and ends as if it had never been stopped. */
export class Candidate {
  readonly run: BatchRun;
  #figures: Figures | undefined;
  #result: RunResult;
  #isBegun: boolean;
  #share = 0;
  #predictions: readonly ImagePrediction[] | undefined;
  #seconds = 0;

  constructor(run: BatchRun, result: RunResult) {
    this.run = run;
    this.#result = result;
    this.#isBegun = run.state.kind === 'begun';
    if (result.status !== 'waiting') this.#figures = result.metrics;
  }

  /** The best figures of an epoch so far on validation images; those of the whole run once it has ended. */
  get figures(): Figures | undefined {
    return this.#figures;
  }

  get result(): RunResult {
    return this.#result;
  }

  /** Whether it was trained to its end. */
  get isTrained(): boolean {
    return this.#result.status === 'passed' || this.#result.status === 'gate-missed';
  }

  /** What the trained run says of each validation image; read once. */
  async predictions(): Promise<readonly ImagePrediction[]> {
    if (!this.isTrained) return [];
    this.#predictions ??= await readPredictions(this.run.folder);
    return this.#predictions;
  }

  get hasEnded(): boolean {
    return this.isTrained || this.#result.status === 'failed';
  }

  /** Trains until a share of the epochs is done, or to the end. */
  async trainTo(share: number, setting: SearchSetting, emit: Emit): Promise<void> {
    if (this.hasEnded) return;
    if (this.#isBegun && this.#figures === undefined) await this.#readEpochs(setting.metric);
    if (share < 1 && this.#share >= share) return this.#stop();
    const pause = new AbortController();
    const began = performance.now();
    const listen = (event: RunEvent) => {
      emit(event);
      if (event.type !== 'epoch' || event.phase !== 'main') return;
      this.#isBegun = true;
      this.#take(event.validation, { share: event.epoch / event.epochs, metric: setting.metric });
      if (share < 1 && this.#share >= share) pause.abort();
    };
    const { storage, offline } = setting;
    const { settings, state } = this.run;
    const overwrite = state.kind === 'replace' && !this.#isBegun;
    const outcome = await runJob(
      { settings, storage, offline, resume: this.#isBegun, overwrite, measureOn: 'val' },
      { signal: AbortSignal.any([setting.signal, pause.signal]), emit: listen },
    );
    this.#seconds += (performance.now() - began) / 1000;
    this.#result = { ...resultOf(this.run, outcome), seconds: this.#seconds };
    if (outcome.kind === 'trained') this.#figures = outcome.metrics;
    if (outcome.kind === 'interrupted') this.#stop();
  }

  #stop(): void {
    this.#result = { ...this.#result, status: 'stopped', metrics: this.#figures ?? {} };
  }

  #take(figures: Figures, of: { readonly share: number; readonly metric: GateMetric }): void {
    this.#share = of.share;
    const known = this.#figures;
    if (known === undefined || compareFigures(of.metric, figures, known) < 0) {
      this.#figures = figures;
    }
  }

  /** What an earlier search has trained. */
  async #readEpochs(metric: GateMetric): Promise<void> {
    const events = await readEvents(runPaths(this.run.folder).events).catch(() => undefined);
    for (const { phase, share, validation } of events?.epochs ?? []) {
      if (phase === 'main') this.#take(validation, { share, metric });
    }
  }
}

/** Those of a run folder; none where the file was lost, so that figures alone are compared. */
async function readPredictions(folder: string): Promise<readonly ImagePrediction[]> {
  const path = runPaths(folder).predictions;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? [] : parsePredictions(text, path);
}

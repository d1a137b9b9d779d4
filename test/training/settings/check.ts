import { sha256 } from '../../../src/base/hash.ts';
import type { StrategyName } from '../../../src/config/schema.ts';
import type { Activations, Pixels } from '../../../src/engines/engine.ts';
import { type Changes, mainOf, type RecordedRun } from './recorded-run.ts';
import type { LogitsAfter } from './recording-engine.ts';

/** How a setting is seen to have arrived: two runs that differ in nothing else. */
export interface SettingCheck {
  /** The key of the schema. */
  readonly path: string;
  readonly value: unknown;
  /** What of it reaches the engine. */
  readonly what: string;
  /** `scratch` by default: everything is trained, on pixels. */
  readonly strategy?: StrategyName;
  /** Other settings of both runs. */
  readonly given?: Changes;
  /** What the validation says; the same after each epoch by default. */
  readonly logits?: LogitsAfter;
  readonly seen: (run: RecordedRun) => unknown;
  /** @param base the run without the setting, of which something else must be seen */
  readonly expected: (run: RecordedRun, base: RecordedRun) => unknown;
}

/** A validation loss that falls with every step, at an accuracy that stays. */
export const improving: LogitsAfter = (steps) => [3 / (1 + steps), 0, 0];

/** Numbers as far as float32 has them. */
export const rounded = (values: Iterable<number>) =>
  Array.from(values, (value) => Number(value.toPrecision(6)));

/** Of many pixels: equal numbers are shown by equal digests. */
export const digest = (rows: Pixels | Activations | undefined) =>
  rows === undefined ? 'no rows' : sha256(rows);

export const requestOf = (run: RecordedRun) => mainOf(run).request;

/** The learning rates of the head by step, as shares of the peak. */
export const factors = (run: RecordedRun) =>
  rounded(
    mainOf(run).steps.map(({ rates }) => (rates.at(-1) ?? 0) / run.config.optimizer.learningRate),
  );

/** The classes of the rows of each step. */
export const classesByStep = (run: RecordedRun) =>
  mainOf(run).steps.map(({ batch: { targets, count } }) =>
    Array.from({ length: count }, (_, row) => targets.subarray(row * 3, row * 3 + 3).indexOf(1)),
  );

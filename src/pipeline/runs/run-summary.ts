import { stat } from 'node:fs/promises';
import { messageOf, VggtuneError } from '../../base/errors.ts';
import { isHeld } from '../../base/lock.ts';
import { unlessMachineFails } from '../../base/machine-failure.ts';
import { isComplete } from '../../run/log-end.ts';
import type { MetricsRecord, PlanRecord, SplitRecord } from '../../run/record.ts';
import { isRecord } from '../../run/refuse-changed.ts';
import { readConfig, readMetrics, readPlan, readSplit } from '../../run/run-records.ts';
import { lockOf, type RunPaths, runPaths } from '../../run/store.ts';

/** `done`: trained, measured and exported; `at work`: a process may be in it; `stopped`: it can be resumed. */
export type RunState = 'done' | 'at work' | 'stopped' | 'damaged';

/** What a run folder says of itself, so far as it came and can be read. */
export interface RunSummary {
  /** Absolute. */
  readonly folder: string;
  readonly state: RunState;
  /** Why a damaged one cannot be read. */
  readonly problem?: string;
  /** When its settings were written, as ISO 8601. */
  readonly begun: string | null;
  /** The stored settings: keys in groups. Empty where they cannot be read. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly plan: PlanRecord | undefined;
  readonly split: SplitRecord | undefined;
  readonly metrics: MetricsRecord | undefined;
}

/** Reads a run folder; nothing that is missing or damaged ends it. */
export async function summarise(folder: string): Promise<RunSummary> {
  const paths = runPaths(folder);
  const begun = await stat(paths.config).then(
    ({ mtime }) => mtime.toISOString(),
    unlessMachineFails(null),
  );
  const common = { folder: paths.folder, begun };
  const nothing = { config: {}, plan: undefined, split: undefined, metrics: undefined };
  try {
    const stored = await readConfig(paths);
    const read = {
      config: isRecord(stored) ? stored : {},
      plan: await readPlan(paths),
      split: await readSplit(paths),
      metrics: await readMetrics(paths),
    };
    return { ...common, ...read, state: await stateOf(paths) };
  } catch (error) {
    if (!(error instanceof VggtuneError)) throw error;
    return { ...common, ...nothing, state: 'damaged', problem: messageOf(error) };
  }
}

async function stateOf(paths: RunPaths): Promise<RunState> {
  if (await isHeld(lockOf(paths))) return 'at work';
  return (await isComplete(paths.events)) ? 'done' : 'stopped';
}

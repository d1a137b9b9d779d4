import { VggtuneError } from '../base/errors.ts';
import { broadcast } from '../base/events.ts';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import { Settings } from '../config/settings.ts';
import type { Engine } from '../engines/engine.ts';
import { createEventLog } from '../run/event-log.ts';
import type { RunRecord } from '../run/record.ts';
import { readConfig } from '../run/run-records.ts';
import { refuseFolder, runPaths } from '../run/store.ts';
import { createTracking, type Tracking } from '../tracking/tracking.ts';
import { advisedSettings } from './choose/advised-settings.ts';
import { choose } from './choose/decision.ts';
import { choiceEvidence } from './choose/evidence.ts';
import { refuseFormats } from './export/export-formats.ts';
import { type LoadedData, loadData } from './prepare/data.ts';
import { withBackbone } from './prepare/default-backbone.ts';
import { movedImages } from './prepare/moved-images.ts';
import { startingPoint } from './prepare/start-weights.ts';
import { contextOf, engineOf, type WorkContext } from './prepare/work-context.ts';
import { reportOfRun } from './report.ts';
import { adoptRun } from './run/adopt-run.ts';
import { runStrategy } from './run/run-strategy.ts';

export interface TrainRequest extends WorkContext {
  /** The settings; where a run is resumed, its own config completes them. */
  readonly settings: Settings;
  /** Goes on with the run in the `out` folder. */
  readonly resume?: boolean;
  /** Replaces the run in the `out` folder. */
  readonly overwrite?: boolean;
  /** Measures on the validation images even where there are test images: what follows chooses by the figures. */
  readonly measureOn?: 'val';
}

/**
 * Fine-tunes a network on a data set, from settings to a folder with the trained model.
 * @throws VggtuneError with what the user can do; interrupted work is kept and can be resumed
 */
export async function train(request: TrainRequest): Promise<RunRecord> {
  const started = performance.now();
  const asked = request.resume === true ? await withStored(request.settings) : request.settings;
  const log = createEventLog();
  const tracking = createTracking(broadcast([request.emit, log.listen]));
  const emit = broadcast([request.emit, log.listen, tracking.listen]);
  const context = { ...contextOf(request), emit };
  const settings = await withBackbone(asked, context);
  const provisional = settings.for();
  await refuseFormats(provisional.export);
  // Said before the images are read, where the folder's name does not wait for the strategy.
  if (settings.strategy !== 'auto') await refuseFolder(provisional.out, request);
  const data = await loadData(provisional, context).catch((error: unknown) => {
    const way = 'vggtune train --resume RUN --data FOLDER';
    throw request.resume === true ? movedImages(error, provisional.data, way) : error;
  });
  const chosen = await chooseStrategy(settings, { context, config: provisional, data });
  const { strategy, evidence } = chosen;
  const config = chosen.settings.for(strategy);
  const { resume = false, overwrite = false } = request;
  const begin = { strategy, evidence, resume, overwrite, log, tracking };
  const measureOn = request.measureOn === undefined ? {} : { measureOn: request.measureOn };
  const run = { ...chosen.context, ...data, config, ...begin, ...measureOn };
  return tracked(tracking, async () => {
    const record = await (chosen.begun === undefined
      ? runStrategy(run)
      : adoptRun(run, chosen.begun));
    await reportOfRun(record.folder, request, (performance.now() - started) / 1000);
    return record;
  });
}

/** Tells trackers how a run has ended, whichever way that is. */
async function tracked(tracking: Tracking, work: () => Promise<RunRecord>): Promise<RunRecord> {
  let record: RunRecord;
  try {
    record = await work();
  } catch (error) {
    const isInterrupted = error instanceof VggtuneError && error.kind === 'interrupted';
    await tracking.close(isInterrupted ? 'interrupted' : 'failed');
    throw error;
  }
  await tracking.close('finished', record.metrics?.metrics);
  return record;
}

/** The config of the run to resume stands below all else; its strategy is what `auto` now means. */
async function withStored(settings: Settings): Promise<Settings> {
  const named = settings.values.out;
  const out = typeof named === 'string' ? named : settings.for().out;
  await refuseFolder(out, { resume: true });
  const { config: origin } = runPaths(out);
  const values = Settings.stored(origin, await readConfig(runPaths(out))).values;
  const all = settings.with({ origin, values }, 'below');
  if (all.strategy !== 'auto') return all;
  const { strategy, weights } = values;
  return all.with({
    origin,
    values: strategy === 'scratch' ? { strategy, weights } : { strategy },
  });
}

interface Choice {
  readonly strategy: StrategyName;
  readonly evidence: readonly string[];
  /** The settings, with what the advice brings along. */
  readonly settings: Settings;
  /** The folder of a run that a trial of the strategy began. */
  readonly begun?: string;
  /** The context, with the engine where choosing needed one. */
  readonly context: WorkContext;
}

/** Returns the strategy that was asked for, or the one that measuring the images gives. */
async function chooseStrategy(
  settings: Settings,
  of: { readonly context: WorkContext; readonly config: RunConfig; readonly data: LoadedData },
): Promise<Choice> {
  const { context, config, data } = of;
  const { strategy: declared } = settings;
  if (declared !== 'auto') {
    return {
      strategy: declared,
      evidence: [`strategy ${declared}, as asked for`],
      settings,
      context,
    };
  }
  const engine: Engine = await engineOf(context, config);
  const start = await startingPoint(config, data.index.classes.length, context);
  const { report: choice, begun } = await choose({
    ...context,
    settings,
    config,
    data,
    engine,
    start,
  });
  const { strategy } = choice.advice;
  context.emit({
    type: 'note',
    message: `strategy ${strategy}: ${choice.advice.evidence.join('; ')}`,
  });
  return {
    strategy,
    evidence: choiceEvidence(choice),
    settings: advisedSettings(choice.advice, settings),
    context: { ...context, engine },
    ...(begun !== undefined && { begun }),
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RaceResult, raceEpochs } from '../../advisor/race.ts';
import { interruptedError, VggtuneError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import { whyNot } from '../../config/issues.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../../config/schema.ts';
import type { ConfigSource, Settings } from '../../config/settings.ts';
import { BACKBONE_ROWS } from '../../network/catalog.ts';
import { networkCost } from '../../network/cost.ts';
import { plainPreprocessing } from '../../network/preprocessing.ts';
import { planTraining } from '../../training/train-plan.ts';
import { networkFor } from '../prepare/start-weights.ts';
import type { StrategyQuestion } from '../prepare/strategy-question.ts';
import { contextOf } from '../prepare/work-context.ts';
import { runStrategy } from '../run/run-strategy.ts';

export interface RaceRequest extends StrategyQuestion {
  /** The epochs of each strategy; null for those of a full run, or fewer, by their cost. */
  readonly epochs: number | null;
  /** Settings of single strategies, below all others: an advised boundary. */
  readonly advised: Partial<Record<StrategyName, ConfigSource['values']>>;
}

/**
 * Trains all four strategies and measures each on the validation images. Each gets the epochs of a full run,
 * or as many as its share of the race's work allows. The activations of frozen layers are computed once for
 * all of them, and stay for the run that follows; the runs themselves are removed.
 * @returns the best first
 */
export async function race(request: RaceRequest): Promise<readonly RaceResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-race-'));
  try {
    const results: RaceResult[] = [];
    for (const strategy of STRATEGIES) {
      results.push(await runOne(request, { strategy, folder }));
    }
    return results.sort(
      (a, b) =>
        figure(b, 'accuracy', -1) - figure(a, 'accuracy', -1) ||
        figure(a, 'loss', 0) - figure(b, 'loss', 0),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const figure = (result: RaceResult, name: string, none: number) =>
  'metrics' in result ? (result.metrics[name] ?? none) : none;

interface Runner {
  readonly strategy: StrategyName;
  readonly folder: string;
}

async function runOne(request: RaceRequest, { strategy, folder }: Runner): Promise<RaceResult> {
  const started = performance.now();
  const { data, emit } = request;
  const advised = { origin: 'advice', values: request.advised[strategy] ?? {} };
  const settings = request.settings.with(advised, 'below').instead(strategy);
  try {
    const epochs = request.epochs ?? epochsFor(settings, strategy, data.split.train.length);
    const config = configOf(settings, { strategy, folder, epochs });
    const counted = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
    emit({ type: 'stage', stage: 'race', message: `race: ${strategy}, ${counted}` });
    const progress = createProgress(config, emit);
    const record = await runStrategy({
      ...contextOf(request),
      ...data,
      config,
      strategy,
      evidence: ['in a race'],
      measureOn: 'val',
      emit: progress.listen,
    });
    progress.end();
    const { metrics, images } = record.metrics ?? { metrics: {}, images: 0 };
    return { strategy, epochs, metrics, images, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (!(error instanceof VggtuneError)) throw error;
    // Its checkpoint goes with the race: there is nothing to go on with.
    if (error.kind === 'interrupted') throw interrupted();
    if (error.kind !== 'usage' && error.kind !== 'unavailable') throw error;
    return { strategy, reason: whyNot(error) };
  }
}

const interrupted = () =>
  interruptedError('interrupted while the four strategies were tried', {
    fix: 'nothing was written; start it again, or name a strategy with --strategy',
  });

/** Reports the progress of a trial; its epochs and steps are not those of the run that follows. */
function createProgress({ epochs, warmupEpochs }: RunConfig, emit: Emit) {
  const total = warmupEpochs + epochs;
  let done = 0;
  const tell = () => emit({ type: 'progress', task: 'race', done, total, unit: 'epochs' });
  const listen: Emit = (event) => {
    if (event.type === 'progress') emit(event);
    if (event.type !== 'epoch') return;
    done++;
    tell();
  };
  return {
    listen,
    /** Ends the progress; the trial may have stopped early. */
    end() {
      if (done === total) return;
      done = total;
      tell();
    },
  };
}

/** The settings of a full run, except for its length and its outputs. */
function configOf(
  settings: Settings,
  { strategy, folder, epochs }: Runner & { readonly epochs: number },
): RunConfig {
  const own = settings.for(strategy);
  const values = {
    epochs,
    out: join(folder, strategy),
    export: [],
    // All four are measured on the same images, which none was fitted to.
    refit: 'never',
    warmupEpochs: Math.min(own.warmupEpochs, epochs),
    // A few epochs cannot begin with several of small steps.
    ...(epochs < own.epochs && { schedule: { warmup: 0 } }),
  };
  return settings.with({ origin: 'race', values }).for(strategy);
}

const wholeNetwork = (config: RunConfig) =>
  networkFor(config, 2, plainPreprocessing(BACKBONE_ROWS[config.backbone].size));

const macsOf = (layers: readonly { readonly macs: number }[]) =>
  layers.reduce((sum, layer) => sum + layer.macs, 0);

/** Whether each strategy that the settings allow can have the epochs of a run of its own. */
export function isAffordable(settings: Settings, images: number): boolean {
  return STRATEGIES.every((strategy) => {
    try {
      const own = settings.instead(strategy);
      return epochsFor(own, strategy, images) === own.for(strategy).epochs;
    } catch (error) {
      if (error instanceof VggtuneError) return true;
      throw error;
    }
  });
}

/** The number of epochs, by the cost of the trained part. */
function epochsFor(settings: Settings, strategy: StrategyName, images: number): number {
  const config = settings.for(strategy);
  const network = wholeNetwork(config);
  const plan = planTraining({ strategy, config, network, newLayers: new Set() });
  const { from } = plan;
  const macs = Math.max(1, macsOf(networkCost(network).slice(from)));
  return raceEpochs({ macs, images }, config.epochs);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { raceEpochs } from '../advisor/race.ts';
import { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { type ConfigSource, resolveConfig } from '../config/resolve.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../config/schema.ts';
import type { Engine } from '../engines/engine.ts';
import { BACKBONE_ROWS } from '../network/catalog.ts';
import { networkCost } from '../network/cost.ts';
import { plainPreprocessing } from '../network/preprocessing.ts';
import type { RaceResult } from '../outputs/advice.ts';
import { planTraining } from '../training/plan.ts';
import type { LoadedData } from './data.ts';
import { configFor } from './estimate.ts';
import { networkFor } from './start-weights.ts';
import { trainStrategy } from './train-strategy.ts';
import { whyNot } from './why-not.ts';

export type { RaceResult };

export interface RaceRequest {
  readonly sources: readonly ConfigSource[];
  /**
   * Of the whole network; a strategy that trains less of it has more for the same work. By what the
   * network costs where it is null.
   */
  readonly epochs: number | null;
  readonly data: LoadedData;
  readonly engine: Engine;
  /** Settings of single strategies, below all others: a boundary that is advised. */
  readonly advised: Partial<Record<StrategyName, ConfigSource['values']>>;
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/**
 * Trains all four strategies with about the same work and measures each on the validation images:
 * some epochs of the whole network, and as many more of a part as it is cheaper, but never
 * more than a run of its own would have. The activations of frozen layers are computed once for all of
 * them, and stay for the run that follows; the runs themselves are removed.
 *
 * @returns the best first
 */
export async function race(request: RaceRequest): Promise<readonly RaceResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-race-'));
  const images = request.data.split.train.length;
  const macs = costOf(configFor(request.sources, 'all'));
  const most = request.epochs ?? raceEpochs({ macs, images });
  try {
    const results: RaceResult[] = [];
    for (const strategy of STRATEGIES) {
      results.push(await runOne(request, { strategy, folder, most }));
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
  readonly most: number;
}

async function runOne(
  { data, engine, emit, signal, offline = false, ...request }: RaceRequest,
  { strategy, folder, most }: Runner,
): Promise<RaceResult> {
  const started = performance.now();
  const advised = { origin: 'advice', values: request.advised[strategy] ?? {} };
  const sources = [advised, ...request.sources];
  try {
    const config = configOf(sources, { strategy, folder, most });
    const { epochs } = config;
    const counted = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
    emit({ type: 'stage', stage: 'race', message: `race: ${strategy}, ${counted}` });
    const record = await trainStrategy({
      ...{ ...data, config, strategy, engine, signal, offline },
      evidence: ['in a race'],
      measureOn: 'val',
      emit: epochsOnly(config, emit),
    });
    const { metrics, images } = record.metrics ?? { metrics: {}, images: 0 };
    return { strategy, epochs, metrics, images, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind !== 'usage') throw error;
    return { strategy, reason: whyNot(error) };
  }
}

/** Of each run, how far it has come; its epochs and steps are not those of the run that follows. */
function epochsOnly({ epochs, warmupEpochs }: RunConfig, emit: Emit): Emit {
  let done = 0;
  return (event) => {
    if (event.type === 'progress') emit(event);
    if (event.type !== 'epoch') return;
    done++;
    emit({ type: 'progress', task: 'race', done, total: warmupEpochs + epochs, unit: 'epochs' });
  };
}

/** The settings of a run of its own, but for how long it takes and what it writes. */
function configOf(sources: readonly ConfigSource[], { strategy, folder, most }: Runner): RunConfig {
  const { warmupEpochs } = configFor(sources, strategy);
  const epochs = epochsFor(sources, { strategy, most });
  const values = {
    ...{ strategy, epochs, out: join(folder, strategy), export: [], earlyStop: null },
    warmupEpochs: Math.min(warmupEpochs, epochs),
    schedule: { warmup: 0 },
    ...(strategy === 'scratch' && { weights: 'random', freeze: null }),
  };
  return resolveConfig([...sources, { origin: 'race', values }], strategy);
}

/** Multiply-adds of a forward pass of an image through the whole network. */
export const costOf = (config: RunConfig): number => macsOf(networkCost(wholeNetwork(config)));

const wholeNetwork = (config: RunConfig) =>
  networkFor(config, 2, plainPreprocessing(BACKBONE_ROWS[config.backbone].size));

const macsOf = (layers: readonly { readonly macs: number }[]) =>
  layers.reduce((sum, layer) => sum + layer.macs, 0);

/** Epochs of the trained part alone that cost what `most` epochs of the whole network cost. */
function epochsFor(
  sources: readonly ConfigSource[],
  { strategy, most }: Pick<Runner, 'strategy' | 'most'>,
): number {
  const config = configFor(sources, strategy);
  const network = wholeNetwork(config);
  const plan = planTraining({ strategy, config, network, newLayers: new Set() });
  const from = plan.phases.at(-1)?.from ?? 0;
  const cost = networkCost(network);
  const affordable = Math.round((most * macsOf(cost)) / Math.max(1, macsOf(cost.slice(from))));
  return Math.max(most, Math.min(affordable, config.epochs));
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterRace } from '../advisor/race.ts';
import { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import type { ConfigSource } from '../config/resolve.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../config/schema.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { BACKBONE_ROWS } from '../network/catalog.ts';
import { networkCost } from '../network/cost.ts';
import { plainPreprocessing } from '../network/preprocessing.ts';
import type { AdviceReport, RaceResult } from '../outputs/advice.ts';
import { planTraining } from '../training/plan.ts';
import { withBackbone } from './default-backbone.ts';
import { configFor } from './estimate.ts';
import { networkFor } from './start-weights.ts';
import { train } from './train.ts';
import { whyNot } from './why-not.ts';

export type { RaceResult };

export interface RaceRequest {
  readonly sources: readonly ConfigSource[];
  /**
   * Of the whole network; a strategy that trains less of it has more for the same work. By what the
   * network costs where it is left out.
   */
  readonly epochs?: number | undefined;
  /** Images to train on. */
  readonly images: number;
  /** Settings of single strategies, below all others: a boundary that is advised. */
  readonly advised?: Partial<Record<StrategyName, ConfigSource['values']>>;
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly engine?: Engine;
}

/** The advice with what a race adds to it, and that in a sentence. */
export async function adviseByRace(
  report: AdviceReport,
  request: Omit<RaceRequest, 'images' | 'advised'>,
): Promise<{ readonly raced: AdviceReport & { race: readonly RaceResult[] }; says: string }> {
  const { strategy, freeze } = report.advice;
  // The boundary that is advised is that of the strategy that is advised.
  const advised = freeze === null ? {} : { [strategy]: { freeze } };
  const results = await race({ ...request, images: report.data.sides.train, advised });
  const { advice, says } = afterRace(report.advice, results);
  return { raced: { ...report, advice, race: results }, says };
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
  const sources = await withBackbone(request.sources, request);
  const { engine: name, device } = configFor(sources, 'all');
  const engine = request.engine ?? (await openEngine(name, device, { emit: () => {} }));
  try {
    const most = request.epochs ?? raceEpochs(sources, request.images);
    const results: RaceResult[] = [];
    for (const strategy of STRATEGIES) {
      results.push(await runOne({ ...request, sources, engine }, { strategy, folder, most }));
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
  request: RaceRequest,
  { strategy, folder, most }: Runner,
): Promise<RaceResult> {
  const { emit } = request;
  const started = performance.now();
  const advised = { origin: 'advice', values: request.advised?.[strategy] ?? {} };
  const sources = [advised, ...request.sources];
  try {
    const { warmupEpochs } = configFor(sources, strategy);
    const epochs = epochsFor(sources, { strategy, most });
    const counted = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
    emit({ type: 'stage', stage: 'race', message: `race: ${strategy}, ${counted}` });
    const values = {
      ...{ strategy, epochs, out: join(folder, strategy), export: [], earlyStop: null },
      warmupEpochs: Math.min(warmupEpochs, epochs),
      schedule: { warmup: 0 },
      ...(strategy === 'scratch' && { weights: 'random', freeze: null }),
    };
    const record = await train({
      ...request,
      sources: [...sources, { origin: 'race', values }],
      measureOn: 'val',
      emit: (event) => IN_A_RACE.has(event.type) && emit(event),
    });
    const { metrics, images } = record.metrics ?? { metrics: {}, images: 0 };
    return { strategy, epochs, metrics, images, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind !== 'usage') throw error;
    return { strategy, reason: whyNot(error) };
  }
}

/** What is told of each run; the rest was told before, or is of no use to who compares. */
const IN_A_RACE: ReadonlySet<string> = new Set(['train-start', 'step', 'epoch', 'progress']);

/** Multiply-adds of training the whole network in a race: 5,000 images of vgg-nano. */
const RACE_MACS = 5.1e11;
const EPOCHS = { least: 3, most: 50 };

/** By what the network costs, so that a race does not depend on the machine. */
function raceEpochs(sources: readonly ConfigSource[], images: number): number {
  const macs = macsOf(networkCost(wholeNetwork(configFor(sources, 'all'))));
  // Forward, and the gradients of inputs and weights: three times the work.
  const affordable = Math.round(RACE_MACS / (3 * macs * Math.max(1, images)));
  return Math.max(EPOCHS.least, Math.min(EPOCHS.most, affordable));
}

const wholeNetwork = (config: RunConfig) =>
  networkFor(config, 2, plainPreprocessing(BACKBONE_ROWS[config.backbone].size));

const macsOf = (layers: readonly { readonly macs: number }[]) =>
  layers.reduce((sum, layer) => sum + layer.macs, 0);

/** Epochs of the trained part alone that cost what `most` epochs of the whole network cost. */
function epochsFor(
  sources: readonly ConfigSource[],
  { strategy, most }: { readonly strategy: StrategyName; readonly most: number },
): number {
  const config = configFor(sources, strategy);
  const network = wholeNetwork(config);
  const plan = planTraining({ strategy, config, network, newLayers: new Set() });
  const from = plan.phases.at(-1)?.from ?? 0;
  const cost = networkCost(network);
  const affordable = Math.round((most * macsOf(cost)) / Math.max(1, macsOf(cost.slice(from))));
  return Math.max(most, Math.min(affordable, config.epochs));
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import type { ConfigSource } from '../config/resolve.ts';
import { STRATEGIES, type StrategyName } from '../config/schema.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/index.ts';
import { BACKBONE_ROWS } from '../network/catalog.ts';
import { networkCost } from '../network/cost.ts';
import { plainPreprocessing } from '../network/preprocessing.ts';
import type { RaceResult } from '../outputs/advice.ts';
import { planTraining } from '../training/plan.ts';
import { withBackbone } from './default-backbone.ts';
import { configFor } from './estimate.ts';
import { networkFor } from './start-weights.ts';
import { train } from './train.ts';
import { whyNot } from './why-not.ts';

export type { RaceResult };

export interface RaceRequest {
  readonly sources: readonly ConfigSource[];
  /** Of the whole network; a strategy that trains less of it has more for the same work. */
  readonly epochs: number;
  /** Settings of single strategies, below all others: a boundary that is advised. */
  readonly advised?: Partial<Record<StrategyName, ConfigSource['values']>>;
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly engine?: Engine;
}

/**
 * Trains all four strategies with about the same work and measures each on the same held-out images:
 * the given epochs of the whole network, and as many more of a part as it is cheaper, but never
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
    const results: RaceResult[] = [];
    for (const strategy of STRATEGIES) {
      results.push(await runOne({ ...request, sources, engine }, { strategy, folder }));
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

async function runOne(
  request: RaceRequest,
  { strategy, folder }: { readonly strategy: StrategyName; readonly folder: string },
): Promise<RaceResult> {
  const { emit } = request;
  const started = performance.now();
  const advised = { origin: 'advice', values: request.advised?.[strategy] ?? {} };
  const sources = [advised, ...request.sources];
  try {
    const epochs = epochsFor(sources, { strategy, most: request.epochs });
    const counted = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
    emit({ type: 'stage', stage: 'race', message: `race: ${strategy}, ${counted}` });
    const values = {
      ...{ strategy, epochs, out: join(folder, strategy), export: [], earlyStop: null },
      ...{ warmupEpochs: strategy === 'scratch' || strategy === 'head' ? 0 : 1 },
      schedule: { warmup: 0 },
      ...(strategy === 'scratch' && { weights: 'random', freeze: null }),
    };
    const record = await train({
      ...request,
      sources: [...sources, { origin: 'race', values }],
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

/** Epochs of the trained part alone that cost what `most` epochs of the whole network cost. */
function epochsFor(
  sources: readonly ConfigSource[],
  { strategy, most }: { readonly strategy: StrategyName; readonly most: number },
): number {
  const config = configFor(sources, strategy);
  const network = networkFor(config, 2, plainPreprocessing(BACKBONE_ROWS[config.backbone].size));
  const plan = planTraining({ strategy, config, network, newLayers: new Set() });
  const from = plan.phases.at(-1)?.from ?? 0;
  const macs = (layers: readonly { readonly macs: number }[]) =>
    layers.reduce((sum, layer) => sum + layer.macs, 0);
  const cost = networkCost(network);
  const affordable = Math.round((most * macs(cost)) / Math.max(1, macs(cost.slice(from))));
  return Math.max(most, Math.min(affordable, config.epochs));
}

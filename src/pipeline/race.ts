import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import type { ConfigSource } from '../config/resolve.ts';
import { STRATEGIES, type StrategyName } from '../config/schema.ts';
import type { Engine } from '../engines/engine.ts';
import type { RaceResult } from '../outputs/advice.ts';
import { train } from './train.ts';

export type { RaceResult };

export interface RaceRequest {
  readonly sources: readonly ConfigSource[];
  /** Of each strategy. */
  readonly epochs: number;
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly engine?: Engine;
}

/**
 * Trains all four strategies for a few epochs and measures each on the same held-out images. The
 * activations of frozen layers are computed once for all of them, and stay for the run that follows;
 * the runs themselves are removed.
 *
 * @returns the best first
 */
export async function race(request: RaceRequest): Promise<readonly RaceResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-race-'));
  try {
    const results: RaceResult[] = [];
    for (const strategy of STRATEGIES) results.push(await runOne(request, { strategy, folder }));
    return results.sort((a, b) => accuracyOf(b) - accuracyOf(a));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const accuracyOf = (result: RaceResult) =>
  'metrics' in result ? (result.metrics.accuracy ?? 0) : -1;

async function runOne(
  request: RaceRequest,
  { strategy, folder }: { readonly strategy: StrategyName; readonly folder: string },
): Promise<RaceResult> {
  const { emit, sources, epochs } = request;
  const started = performance.now();
  emit({ type: 'stage', stage: 'race', message: `${strategy}: ${epochs} epochs` });
  const values = {
    ...{ strategy, epochs, out: join(folder, strategy), export: [], earlyStop: null },
    ...{ warmupEpochs: strategy === 'scratch' || strategy === 'head' ? 0 : 1 },
    schedule: { warmup: 0 },
    ...(strategy === 'scratch' && { weights: 'random', freeze: null }),
  };
  try {
    const record = await train({
      ...request,
      sources: [...sources, { origin: 'race', values }],
    });
    const { metrics, images } = record.metrics ?? { metrics: {}, images: 0 };
    return { strategy, metrics, images, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind !== 'usage') throw error;
    return { strategy, reason: error.message };
  }
}

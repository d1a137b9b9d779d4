import { VggtuneError } from '../../base/errors.ts';
import { type NamedTensors, sameShape } from '../../base/tensor.ts';
import { whyNot } from '../../config/issues.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../../config/schema.ts';
import type { ConfigSource } from '../../config/settings.ts';
import { augments } from '../../dataset/pixel-specs.ts';
import { slotNames } from '../../engines/optimizer-slots.ts';
import { BACKBONE_ROWS } from '../../network/catalog.ts';
import { parameterCount, parameterShapes } from '../../network/parameters.ts';
import { plainPreprocessing } from '../../network/preprocessing.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { frozenAndTrained, planTraining, type TrainPlan } from '../../training/train-plan.ts';
import { randomWeights } from '../../weights/initialise.ts';
import { networkFor } from '../prepare/start-weights.ts';
import type { NotAllowed, StrategyQuestion } from '../prepare/strategy-question.ts';
import { isRefit } from '../run/refit.ts';
import { type PartEstimate, phaseEstimate, refitEstimate } from './estimate-phase.ts';
import { solveEstimate } from './estimate-solve.ts';
import { MeasuredCosts } from './measured-costs.ts';

/** The cost of a strategy on this machine, estimated from a few real steps of its programs. */
export interface StrategyEstimate extends PartEstimate {
  readonly strategy: StrategyName;
  readonly trainedParameters: number;
}

export type Estimate = StrategyEstimate | NotAllowed;

export interface EstimateRequest extends StrategyQuestion {
  readonly strategies?: readonly StrategyName[];
  /** Settings of single strategies, below all others. */
  readonly advised?: Partial<Record<StrategyName, ConfigSource['values']>>;
}

/** Estimates each strategy, one program after the other. Equal programs are measured once. */
export async function estimateStrategies(request: EstimateRequest): Promise<readonly Estimate[]> {
  const { strategies = STRATEGIES, signal, emit } = request;
  const costs = new MeasuredCosts(request.engine);
  const base = process.memoryUsage.rss();
  const estimates: Estimate[] = [];
  for (const strategy of strategies) {
    if (signal.aborted) break;
    emit({ type: 'stage', stage: 'estimate', message: `measuring a few steps of ${strategy}` });
    estimates.push(await estimateOne(request, { strategy, costs, base }));
  }
  return estimates;
}

interface One {
  readonly strategy: StrategyName;
  readonly costs: MeasuredCosts;
  /** Memory of the process before any program. */
  readonly base: number;
}

async function estimateOne(request: EstimateRequest, one: One): Promise<Estimate> {
  const { strategy } = one;
  try {
    const advised = { origin: 'advice', values: request.advised?.[strategy] ?? {} };
    const named = request.settings.with(advised, 'below').instead(strategy).for(strategy);
    // A batch holds no more than there is.
    const batchSize = Math.min(named.batchSize, request.data.split.train.length);
    const config = { ...named, batchSize };
    return await estimateConfig({ ...request, config, strategy }, one);
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind === 'interrupted') throw error;
    return { strategy, reason: whyNot(error) };
  }
}

/** The memory of images that are decoded ahead, and of the sessions that measure and export at the end. */
const BESIDE_BYTES = 90e6;

/** The time for loading the program, the cached scan and the weights, and for writing the model. */
const START_SECONDS = 1;

interface Candidate extends EstimateRequest {
  readonly config: RunConfig;
  readonly strategy: StrategyName;
}

async function estimateConfig(
  candidate: Candidate,
  { costs, base }: One,
): Promise<StrategyEstimate> {
  const { config, strategy, start, data } = candidate;
  const network = networkOf(candidate);
  const newLayers = strategy === 'scratch' ? new Set<string>() : start.newLayers;
  const refit = isRefit({ config, strategy, index: data.index, split: data.split });
  const plan = planTraining({ strategy, config, network, newLayers, refit });
  const parts = await estimateParts(candidate, { costs, network, plan, refit });
  const last = parts.at(-1);
  const sum = (key: 'seconds' | 'featureSeconds' | 'steps' | 'cache') =>
    parts.reduce((total, part) => total + part[key], 0);
  return {
    strategy,
    seconds: START_SECONDS + sum('seconds'),
    featureSeconds: sum('featureSeconds'),
    secondsPerStep: last?.secondsPerStep ?? 0,
    steps: sum('steps'),
    memory:
      base +
      BESIDE_BYTES +
      Math.max(...parts.map(({ memory }) => memory)) +
      stateBytes(network, plan),
    cache: sum('cache'),
    trainedParameters: trainedParameters(network, plan),
  };
}

interface Planned {
  readonly costs: MeasuredCosts;
  readonly network: NetworkSpec;
  readonly plan: TrainPlan;
  readonly refit: boolean;
}

/** The cost of solving the output layer, where that is planned, then that of each phase. */
async function estimateParts(
  candidate: Candidate,
  { costs, network, plan, refit }: Planned,
): Promise<PartEstimate[]> {
  const { config, start, data, engine } = candidate;
  const counts = { train: data.split.train.length, val: data.split.val.length };
  const decode = await costs.decode(candidate, network);
  const decodeChanged = augments(config) ? await costs.decode(candidate, network, true) : decode;
  const measured = { engine, network, weights: fitting(start.weights, network) };
  const parts: PartEstimate[] = [];
  if (plan.solvedFrom !== undefined) {
    const shares = plan.phases.length > 0 && plan.from > 0;
    const prefix = await costs.prefix(measured, shares ? plan.from : plan.solvedFrom);
    const facts = { config, network, plan, counts, refit, decode, decodeChanged, prefix };
    parts.push({ ...solveEstimate(facts), steps: 0, secondsPerStep: 0 });
  }
  for (const phase of plan.phases) {
    const prefix = phase.from > 0 ? await costs.prefix(measured, phase.from) : undefined;
    const step = await costs.step(measured, { phase, plan, config, images: counts.train });
    const facts = { config, network, phase, decode, decodeChanged, prefix, step };
    parts.push(phase.refit ? refitEstimate(facts, counts) : phaseEstimate({ ...facts, counts }));
  }
  return parts;
}

function networkOf({ config, strategy, start, data }: Candidate): NetworkSpec {
  const { preprocessing } = start.network;
  const { size } = BACKBONE_ROWS[config.backbone];
  const own = strategy === 'scratch' ? plainPreprocessing(size) : preprocessing;
  return networkFor(config, data.index.classes.length, own);
}

/** The available weights, completed with random ones where the head of this strategy differs. */
function fitting(weights: NamedTensors, network: NetworkSpec): NamedTensors {
  const shapes = parameterShapes(network);
  const fits = (name: string) => {
    const [found, shape] = [weights.get(name), shapes.get(name)];
    return found !== undefined && shape !== undefined && sameShape(found.shape, shape);
  };
  return new Map([...weights, ...randomWeights(network, 0, (name) => !fits(name))]);
}

/** The memory of the copies of trained parameters that a run makes: for the best epoch, and while saving. */
function stateBytes(network: NetworkSpec, plan: TrainPlan): number {
  const slots = slotNames(plan.optimizer).length;
  return 4 * trainedParameters(network, plan) * (2 + slots);
}

function trainedParameters(network: NetworkSpec, plan: TrainPlan): number {
  const { trained } = frozenAndTrained(plan, network);
  return network.layers
    .filter(({ name }) => trained.includes(name))
    .reduce((sum, layer) => sum + parameterCount(layer), 0);
}

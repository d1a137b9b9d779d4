import { VggtuneError } from '../../base/errors.ts';
import { type NamedTensors, sameShape, sizeOf } from '../../base/tensor.ts';
import { whyNot } from '../../config/issues.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../../config/schema.ts';
import type { ConfigSource } from '../../config/settings.ts';
import { augmentSpec, augments, decodeSpec } from '../../dataset/pixel-specs.ts';
import type { Engine } from '../../engines/engine.ts';
import { slotNames } from '../../engines/optimizer-slots.ts';
import { rowShape } from '../../engines/rows.ts';
import { BACKBONE_ROWS } from '../../network/catalog.ts';
import { parameterCount, parameterShapes } from '../../network/parameters.ts';
import { plainPreprocessing } from '../../network/preprocessing.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { TABLE_BYTES } from '../../training/feature-rows.ts';
import { planTraining, type TrainPhase, type TrainPlan } from '../../training/train-plan.ts';
import { randomWeights } from '../../weights/initialise.ts';
import { networkFor } from '../prepare/start-weights.ts';
import type { NotAllowed, StrategyQuestion } from '../prepare/strategy-question.ts';
import { fittedImages } from '../run/norm-calibration.ts';
import { isRefit } from '../run/refit.ts';
import { solveEstimate } from './estimate-solve.ts';
import { type DecodeCost, keptShare, measureDecoding } from './measure-decoding.ts';
import { measurePrefix, measureSteps, type PrefixCost, type StepCost } from './measure-program.ts';

/** What a strategy would take on this machine, from a few real steps of its programs. */
export interface StrategyEstimate {
  readonly strategy: StrategyName;
  /** All epochs: early stopping can only end sooner. */
  readonly seconds: number;
  /** The part of them in which the frozen layers run once over the images. */
  readonly featureSeconds: number;
  readonly secondsPerStep: number;
  readonly steps: number;
  /** The peak of the whole process, in bytes. */
  readonly memory: number;
  /** The feature cache on disk, in bytes. */
  readonly cache: number;
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
  const costs = new Costs(request.engine);
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
  readonly costs: Costs;
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
  const weights = fitting(start.weights, network);
  const newLayers = strategy === 'scratch' ? new Set<string>() : start.newLayers;
  const refit = isRefit({ config, strategy, index: data.index, split: data.split });
  const plan = planTraining({ strategy, config, network, newLayers, refit });
  const counts = { train: data.split.train.length, val: data.split.val.length };
  const decode = await costs.decode(candidate, network);
  const decodeChanged = augments(config) ? await costs.decode(candidate, network, true) : decode;
  const measured = { engine: candidate.engine, network, weights };
  const phases: PartEstimate[] = [];
  if (plan.solvedFrom !== undefined) {
    const shares = plan.phases.length > 0 && plan.from > 0;
    const prefix = await costs.prefix(measured, shares ? plan.from : plan.solvedFrom);
    const facts = { config, network, plan, counts, refit, decode, decodeChanged, prefix };
    phases.push({ ...solveEstimate(facts), steps: 0, secondsPerStep: 0 });
  }
  for (const phase of plan.phases) {
    const prefix = phase.from > 0 ? await costs.prefix(measured, phase.from) : undefined;
    const step = await costs.step(measured, { phase, plan, config, images: counts.train });
    const facts = { config, network, phase, decode, decodeChanged, prefix, step };
    phases.push(phase.refit ? refitEstimate(facts, counts) : phaseEstimate({ ...facts, counts }));
  }
  const last = phases.at(-1);
  const sum = (key: 'seconds' | 'featureSeconds' | 'steps' | 'cache') =>
    phases.reduce((total, phase) => total + phase[key], 0);
  return {
    strategy,
    seconds: START_SECONDS + sum('seconds'),
    featureSeconds: sum('featureSeconds'),
    secondsPerStep: last?.secondsPerStep ?? 0,
    steps: sum('steps'),
    memory:
      base +
      BESIDE_BYTES +
      Math.max(...phases.map((phase) => phase.memory)) +
      stateBytes(network, plan),
    cache: sum('cache'),
    trainedParameters: trainedParameters(network, plan),
  };
}

function networkOf({ config, strategy, start, data }: Candidate): NetworkSpec {
  const { preprocessing } = start.network;
  const { size } = BACKBONE_ROWS[config.backbone];
  const own = strategy === 'scratch' ? plainPreprocessing(size) : preprocessing;
  return networkFor(config, data.index.classes.length, own);
}

/** The weights there are, with others where the network of this strategy has another head. */
function fitting(weights: NamedTensors, network: NetworkSpec): NamedTensors {
  const shapes = parameterShapes(network);
  const fits = (name: string) => {
    const [found, shape] = [weights.get(name), shapes.get(name)];
    return found !== undefined && shape !== undefined && sameShape(found.shape, shape);
  };
  return new Map([...weights, ...randomWeights(network, 0, (name) => !fits(name))]);
}

interface PhaseFacts {
  readonly config: RunConfig;
  readonly network: NetworkSpec;
  readonly phase: TrainPhase;
  readonly counts: { readonly train: number; readonly val: number };
  /** Of an image as it is. */
  readonly decode: DecodeCost;
  /** Of an augmented view of one. */
  readonly decodeChanged: DecodeCost;
  readonly prefix: PrefixCost | undefined;
  readonly step: StepCost;
}

/** What a phase takes, or the solving of the output layer. */
interface PartEstimate {
  readonly seconds: number;
  readonly featureSeconds: number;
  readonly steps: number;
  readonly secondsPerStep: number;
  readonly memory: number;
  readonly cache: number;
}

/** Images that are decoded ahead, and the sessions that measure and export at the end. */
const BESIDE_BYTES = 90e6;

/** Loading the program, the scan's memory and the weights, and writing the model. */
const START_SECONDS = 1;

/** What a table of features takes in memory: a larger one stays on the disk. */
const tableBytes = (bytes: number) => (bytes <= TABLE_BYTES ? bytes : 0);

/** A phase again on all images, whose activations are there by then. It takes fewer epochs where fewer were best. */
function refitEstimate(
  facts: Omit<PhaseFacts, 'counts'>,
  { train, val }: PhaseFacts['counts'],
): PartEstimate {
  const whole = phaseEstimate({ ...facts, counts: { train: train + val, val: 0 } });
  const seconds = whole.seconds - whole.featureSeconds;
  return { ...whole, seconds, featureSeconds: 0, cache: 0 };
}

function phaseEstimate(facts: PhaseFacts): PartEstimate {
  const { config, network, phase, counts, decode, decodeChanged, prefix, step } = facts;
  const stepsPerEpoch = Math.max(1, Math.ceil(counts.train / config.batchSize));
  const changing = augments(config) && (phase.name === 'main' || prefix === undefined);
  const fresh = changing && config.augment.views === 0;
  const views = changing ? config.augment.views : 1;
  const forward = prefix?.secondsPerImage ?? 0;
  const ofTrain = changing ? decodeChanged : decode;
  const perTrain = forward + ofTrain.first;
  const perVal = forward + decode.first;
  // A view that no epoch comes to is computed all the same.
  const kept = fresh ? 0 : views * counts.train;
  // Statistics are of images as they are, which nothing but augmented views would need otherwise.
  const plain = counts.val + (changing ? fittedImages(network, counts.train) : 0);
  const rows = prefix === undefined ? 0 : plain + kept;
  const rowSeconds = prefix === undefined ? 0 : plain * perVal + kept * perTrain;
  // Each epoch makes its pixels, of the files or of kept pictures; activations of new views, too.
  const readTrain = prefix === undefined || fresh ? counts.train : 0;
  const readVal = prefix === undefined ? counts.val : 0;
  const images = readTrain + readVal;
  const share = keptShare(images, decode);
  const again = (cost: DecodeCost) => share * cost.again + (1 - share) * cost.first;
  const saved =
    readTrain * (ofTrain.first - again(ofTrain)) + readVal * (decode.first - again(decode));
  const epochRows = readTrain * perTrain + readVal * perVal - saved;
  // The last batch has fewer images than the others.
  const epoch =
    (counts.train / config.batchSize) * step.secondsPerStep +
    counts.val * step.secondsPerValidation +
    epochRows;
  const setup = step.compileSeconds + (prefix?.compileSeconds ?? 0);
  const rowBytes = phase.from === 0 ? 0 : 4 * sizeOf(rowShape(network, phase.from));
  // The tables of training and of validation are in use at the same time.
  const table =
    prefix === undefined ? 0 : tableBytes(counts.val * rowBytes) + tableBytes(kept * rowBytes);
  return {
    featureSeconds: rowSeconds,
    seconds: setup + rowSeconds + phase.epochs * epoch + saved,
    steps: phase.epochs * stepsPerEpoch,
    secondsPerStep: step.secondsPerStep,
    memory:
      Math.max(prefix?.memory ?? 0, step.memory + (fresh ? (prefix?.memory ?? 0) : 0)) +
      table +
      share * images * decode.keptBytes,
    cache: config.cache ? rows * (rowBytes + CACHE_ROW_OVERHEAD) : 0,
  };
}

/** Key, place and checksum of a cached row. */
const CACHE_ROW_OVERHEAD = 80;

/** Copies that a run makes of what it trains: for the best epoch, and for what is being saved. */
function stateBytes(network: NetworkSpec, plan: TrainPlan): number {
  const slots = slotNames(plan.optimizer).length;
  return 4 * trainedParameters(network, plan) * (2 + slots);
}

function trainedParameters(network: NetworkSpec, plan: TrainPlan): number {
  return network.layers.slice(plan.from).reduce((sum, layer) => sum + parameterCount(layer), 0);
}

/** Measurements by what they depend on, so that none is made twice. */
class Costs {
  readonly #engine: Engine;
  readonly #known = new Map<string, Promise<unknown>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  prefix(of: Omit<Parameters<typeof measurePrefix>[0], 'engine'>, to: number): Promise<PrefixCost> {
    const measured = { ...of, engine: this.#engine };
    return this.#once(['prefix', of.network.layers, to], () => measurePrefix(measured, to));
  }

  step(
    measured: Parameters<typeof measureSteps>[0],
    of: Parameters<typeof measureSteps>[1],
  ): Promise<StepCost> {
    const { phase, plan, config } = of;
    const { batchSize, microBatch } = config;
    const key = [
      'step',
      measured.network.layers,
      phase.from,
      plan.optimizer,
      batchSize,
      microBatch,
    ];
    return this.#once(key, () => measureSteps(measured, of));
  }

  /** @param changed augmented views, as training has them, instead of the images as they are */
  decode(candidate: Candidate, network: NetworkSpec, changed = false): Promise<DecodeCost> {
    const spec = decodeSpec(network, candidate.config.image.background);
    const augment = changed ? augmentSpec(candidate.config) : null;
    return this.#once(['decode', spec, augment], () =>
      measureDecoding(candidate, { spec, augment }),
    );
  }

  #once<T>(key: unknown, measure: () => Promise<T>): Promise<T> {
    const name = JSON.stringify(key);
    const found = (this.#known.get(name) as Promise<T> | undefined) ?? measure();
    this.#known.set(name, found);
    return found;
  }
}

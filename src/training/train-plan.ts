import type { RunConfig, StrategyName } from '../config/schema.ts';
import type { OptimizerSpec, ParameterGroup } from '../engines/engine.ts';
import { blockOf, boundaryAfter } from '../network/boundary.ts';
import { HEAD_NORM, OUTPUT } from '../network/head.ts';
import { isStatistic, layerParameters } from '../network/parameters.ts';
import type { Layer, NetworkSpec } from '../network/spec.ts';

export interface PlannedGroup extends ParameterGroup {
  /** The group's peak learning rate; the schedule scales it. */
  readonly learningRate: number;
}

/** A phase of training with one freeze boundary. Each phase trains all that the one before did. */
export interface TrainPhase {
  readonly name: 'warm-up' | 'main';
  /** Whether it repeats the phase of its name on the validation images too, from the start. */
  readonly refit: boolean;
  /** Layers [0, from) are frozen. */
  readonly from: number;
  readonly epochs: number;
  readonly groups: readonly PlannedGroup[];
  readonly schedule: RunConfig['schedule'];
}

export interface TrainPlan {
  readonly strategy: StrategyName;
  /** The freeze boundary: layers [0, from) are frozen throughout. */
  readonly from: number;
  /** The boundary of the features that the output layer is solved on; absent where it takes steps. */
  readonly solvedFrom?: number;
  /**
   * Early stopping and the best weights are about the phase `main` that is no refit. None where a solved
   * output layer is all that is trained.
   */
  readonly phases: readonly TrainPhase[];
  /** Whether the state before the first step of `main` may be the best one: its head has been trained. */
  readonly startIsCandidate: boolean;
  readonly optimizer: OptimizerSpec;
}

/** The name of a phase in events and errors. */
export function phaseLabel({ name, refit }: Pick<TrainPhase, 'name' | 'refit'>) {
  if (!refit) return name;
  return name === 'main' ? 'refit' : 'refit warm-up';
}

export interface PlanRequest {
  readonly strategy: StrategyName;
  readonly config: RunConfig;
  readonly network: NetworkSpec;
  /** Layers of the head whose weights are new (random), not read from a file. */
  readonly newLayers: ReadonlySet<string>;
  /** Whether everything is trained once more, on the validation images too. */
  readonly refit?: boolean;
}

/**
 * Peak learning rates of the warm-up, which trains a new head on frozen features: the Keras guide's
 * for Adam, and the VGG paper's for SGD. The configured rate is used where it is higher.
 */
const WARMUP_RATES = { sgd: 1e-2, adam: 1e-3, adamw: 1e-3 } as const;

/**
 * Turns a strategy into phases.
 *
 * `head` trains the new layers of the head (the output layer always); `top` the last block of
 * convolutions and the classifier; `all` and `scratch` everything. `freeze` overrides the boundary.
 * A strategy that trains below the head starts from an output layer that was solved, or warms the head up
 * by steps first; a network of random weights has nothing to protect from a new head, so `scratch` never does.
 *
 * @throws VggtuneError (usage) when `freeze` names no layer
 */
export function planTraining(request: PlanRequest): TrainPlan {
  const { strategy, config, network } = request;
  const from = mainBoundary(request);
  const head = headBoundary(network, request.newLayers);
  const solvedFrom = isSolved(request) ? featureBoundary(network) : undefined;
  const main: TrainPhase = {
    name: 'main',
    refit: false,
    from,
    epochs: config.epochs,
    groups: parameterGroups(request, from, config.optimizer.learningRate),
    schedule: config.schedule,
  };
  const pretrained = strategy !== 'scratch' && from < head;
  const warm = pretrained && solvedFrom === undefined && config.warmupEpochs > 0;
  const once = warm ? [warmUp(request, head), main] : [main];
  const again = request.refit === true ? once.map((phase) => ({ ...phase, refit: true })) : [];
  return {
    strategy,
    from,
    ...(solvedFrom !== undefined && { solvedFrom }),
    // Steps would only leave the optimum again.
    phases: solvedFrom !== undefined && from >= head ? [] : [...once, ...again],
    startIsCandidate: warm || solvedFrom !== undefined,
    optimizer: optimizerSpec(config.optimizer),
  };
}

/** Whether the output layer is solved: it is asked for, and the layers below it start trained. */
function isSolved({ strategy, config, network, newLayers }: PlanRequest): boolean {
  if (config.head.fit !== 'solve' || strategy === 'scratch') return false;
  return network.layers
    .slice(network.headStart)
    .every(({ name }) => !newLayers.has(name) || name === OUTPUT || name === HEAD_NORM);
}

/**
 * The plan with the penalty of a solved output layer in every phase: steps then go on with the function that the
 * layer is the optimum of, rather than at once towards larger weights. (Adam and SGD add it to the gradient; AdamW
 * decays by it times the rate, which is weaker.)
 *
 * @param penalties of the phases, and of their refit, on the loss as the solver has it
 */
export function withHeadPenalty(
  plan: TrainPlan,
  penalties: { readonly first: number; readonly refit: number },
): TrainPlan {
  const phases = plan.phases.map((phase) => ({
    ...phase,
    groups: phase.groups.map((group) =>
      group.parameters.includes(`${OUTPUT}.weight`)
        ? { ...group, weightDecay: phase.refit ? penalties.refit : penalties.first }
        : group,
    ),
  }));
  return { ...plan, phases };
}

/** Where the features of the output layer are, before any norm of them and any dropout. */
export function featureBoundary(network: NetworkSpec): number {
  const norm = network.layers.findIndex(({ name }) => name === HEAD_NORM);
  if (norm >= 0) return norm;
  return belowDropout(
    network,
    network.layers.findIndex(({ name }) => name === OUTPUT),
  );
}

function warmUp(request: PlanRequest, head: number): TrainPhase {
  const { warmupEpochs, optimizer, schedule } = request.config;
  const rate = Math.max(optimizer.learningRate, WARMUP_RATES[optimizer.kind]);
  return {
    name: 'warm-up',
    refit: false,
    from: head,
    epochs: warmupEpochs,
    groups: parameterGroups(request, head, rate),
    schedule: { ...schedule, kind: 'constant', warmup: 0 },
  };
}

function mainBoundary({ strategy, config, network, newLayers }: PlanRequest): number {
  if (config.freeze !== null) return belowDropout(network, boundaryAfter(network, config.freeze));
  switch (strategy) {
    case 'head':
      return headBoundary(network, newLayers);
    case 'top':
      return lastBlockBoundary(network);
    case 'all':
    case 'scratch':
      return 0;
  }
}

/**
 * The boundary below the first new layer of the head; the output layer counts as new whatever its weights.
 */
function headBoundary(network: NetworkSpec, newLayers: ReadonlySet<string>): number {
  const output = network.layers.findLastIndex((layer) => layer.kind === 'dense');
  const first = network.layers.findIndex(
    (layer, index) => index >= network.headStart && (index === output || newLayers.has(layer.name)),
  );
  return belowDropout(network, first);
}

function lastBlockBoundary(network: NetworkSpec): number {
  const last = network.layers.findLastIndex((layer) => layer.kind === 'conv');
  const layer = network.layers[last];
  const number = layer === undefined ? 1 : Number(blockOf(layer).replace('block', ''));
  return boundaryAfter(network, number > 1 ? `block${number - 1}` : 'none');
}

/** Dropout right below the boundary acts in training, so it stays with the trained layers. */
function belowDropout(network: NetworkSpec, boundary: number): number {
  let from = boundary;
  while (network.layers[from - 1]?.kind === 'dropout') from--;
  return from;
}

/**
 * One group a block and one for the head, in the order of the layers; each block's rate is
 * `layerDecay` times that of the one above. Biases and batch norm are not decayed: they cannot
 * overfit, and pulling a scale to zero is no regularisation.
 */
function parameterGroups(request: PlanRequest, from: number, peak: number): PlannedGroup[] {
  const { network, config } = request;
  const trained = trainedLayers(network, from);
  const blocks = [...new Set(trained.map(blockOf))];
  return blocks.flatMap((block, index) => {
    const depth = blocks.length - 1 - index;
    const learningRate = peak * config.optimizer.layerDecay ** depth;
    const layers = trained.filter((layer) => blockOf(layer) === block);
    const weights = layers
      .filter((layer) => layer.kind !== 'batchnorm')
      .map((layer) => `${layer.name}.weight`);
    const others = layers
      .flatMap(layerParameters)
      .map(({ name }) => name)
      .filter((name) => !weights.includes(name) && !isStatistic(name));
    return [
      { name: block, parameters: weights, weightDecay: config.optimizer.weightDecay, learningRate },
      { name: `${block}.undecayed`, parameters: others, weightDecay: 0, learningRate },
    ];
  });
}

/** All with parameters but the head's batch norm, which is fitted to the first features instead. */
function trainedLayers(network: NetworkSpec, from: number): readonly Layer[] {
  return network.layers
    .slice(from)
    .filter((layer) => layerParameters(layer).length > 0 && layer.name !== HEAD_NORM);
}

function optimizerSpec(config: RunConfig['optimizer']): OptimizerSpec {
  const { kind, momentum, nesterov, beta1, beta2, epsilon, average } = config;
  return {
    ...(kind === 'sgd' ? { kind, momentum, nesterov } : { kind, beta1, beta2, epsilon }),
    ...(average > 0 && { average }),
  };
}

/** The names of layers with parameters that no phase trains, and of those that one does. */
export function frozenAndTrained(
  plan: TrainPlan,
  network: NetworkSpec,
): { readonly frozen: readonly string[]; readonly trained: readonly string[] } {
  const trained = trainedLayers(network, plan.from).map(({ name }) => name);
  const all = network.layers.filter((layer) => layerParameters(layer).length > 0);
  const frozen = all.map(({ name }) => name).filter((name) => !trained.includes(name));
  return { frozen, trained };
}

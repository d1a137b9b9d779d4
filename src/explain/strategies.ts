import { sizeOf } from '../base/tensor.ts';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import { rowShape } from '../engines/rows.ts';
import type { HeadName } from '../network/catalog.ts';
import { networkCost } from '../network/cost.ts';
import { layerParameters } from '../network/parameters.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { frozenAndTrained, planTraining, type TrainPlan } from '../training/train-plan.ts';

/** What one strategy does on this network, by its presets. */
export interface StrategyCase {
  readonly strategy: StrategyName;
  /** The data for which the table of the four cases names it. */
  readonly data: 'small' | 'large';
  readonly images: 'similar' | 'different';
  readonly start: 'pretrained' | 'random';
  readonly head: HeadName;
  /** Whether the output layer is solved to its optimum before anything is stepped. */
  readonly solved: boolean;
  /** Names of layers with parameters. */
  readonly frozen: readonly string[];
  readonly trained: readonly string[];
  readonly parameters: { readonly total: number; readonly trained: number };
  /** 0 where no steps are taken. */
  readonly epochs: number;
  readonly batchSize: number;
  /** How many pictures of an image the frozen layers run over, each once: the image itself, and changed ones. */
  readonly pictures: number;
  /** Multiply-adds. */
  readonly macs: {
    /** The frozen layers, over one picture. */
    readonly frozen: number;
    /** The layers between these and the output layer, over one picture of each image, before it is solved. */
    readonly solving: number;
    /** One image in one step: forward, and backward. */
    readonly step: number;
    /** One image in the whole training, with the frozen layers run once a picture; without, in each epoch anew. */
    readonly cached: number;
    readonly uncached: number;
  };
  /** Bytes of the activations that are kept of one picture; 0 where nothing is frozen. */
  readonly kept: number;
}

/** The four cases of size and similarity. */
export interface StrategyLesson {
  readonly topic: 'strategies';
  readonly cases: readonly StrategyCase[];
}

/** A strategy with its settings, and the network with the head that they name. */
export interface PlannedStrategy {
  readonly strategy: StrategyName;
  readonly config: RunConfig;
  readonly network: NetworkSpec;
  /** Changed pictures of each image whose activations are kept; 0: the image as it is. */
  readonly views: number;
  /** Whether each epoch sees other changed pictures, so that nothing can be kept. */
  readonly isFresh: boolean;
}

/** The case that each strategy is for. */
const CASES = {
  head: { data: 'small', images: 'similar' },
  top: { data: 'small', images: 'different' },
  all: { data: 'large', images: 'similar' },
  scratch: { data: 'large', images: 'different' },
} as const satisfies Record<StrategyName, Pick<StrategyCase, 'data' | 'images'>>;

export function strategyLesson(strategies: readonly PlannedStrategy[]): StrategyLesson {
  return { topic: 'strategies', cases: strategies.map(caseOf) };
}

function caseOf(planned: PlannedStrategy): StrategyCase {
  const { strategy, config, network } = planned;
  const head = network.layers.slice(network.headStart);
  const newLayers = new Set(
    head.filter((layer) => layerParameters(layer).length > 0).map(({ name }) => name),
  );
  const plan = planTraining({ strategy, config, network, newLayers });
  const { frozen, trained } = frozenAndTrained(plan, network);
  const parametersOf = new Map(networkCost(network).map((each) => [each.name, each.parameters]));
  const count = (names: Iterable<string>) =>
    [...names].reduce((sum, name) => sum + (parametersOf.get(name) ?? 0), 0);
  return {
    strategy,
    ...CASES[strategy],
    start: strategy === 'scratch' ? 'random' : 'pretrained',
    head: config.head.kind,
    solved: plan.solvedFrom !== undefined,
    frozen,
    trained,
    parameters: { total: count(parametersOf.keys()), trained: count(trained) },
    epochs: plan.phases.reduce((sum, { epochs }) => sum + epochs, 0),
    batchSize: config.batchSize,
    ...work(planned, plan),
  };
}

function work({ network, views, isFresh }: PlannedStrategy, plan: TrainPlan) {
  const macs = networkCost(network).map((each) => each.macs);
  const between = (from: number, to: number) =>
    macs.slice(from, Math.max(from, to)).reduce((sum, each) => sum + each, 0);
  const { from, phases, solvedFrom = from } = plan;
  const frozen = between(0, from);
  const solving = between(from, solvedFrom);
  const hasSteps = phases.length > 0;
  // Where steps are taken on changed pictures, the output layer is solved on the images as they are; where none are
  // taken, on both.
  const pictures = from === 0 ? 0 : views === 0 ? 1 : views + 1;
  const steps = phases.reduce(
    (sum, { epochs, from: at }) => sum + epochs * stepMacs(network, at),
    0,
  );
  const again = phases.reduce((sum, { epochs }) => sum + epochs * frozen, 0);
  const before = solving + (isFresh && hasSteps ? frozen : pictures * frozen);
  return {
    pictures,
    macs: {
      frozen,
      solving,
      step: hasSteps ? stepMacs(network, from) : 0,
      cached: before + steps + (isFresh ? again : 0),
      uncached:
        solving + (hasSteps ? steps + again + (solving > 0 ? frozen : 0) : pictures * frozen),
    },
    kept: from === 0 || isFresh ? 0 : 4 * sizeOf(rowShape(network, from)),
  };
}

/**
 * Multiply-adds of one image in a step that trains layers [from, end): the forward pass, the gradient of the weights,
 * which is as much again, and the gradient of the input, which the lowest trained layer needs not.
 */
function stepMacs(network: NetworkSpec, from: number): number {
  const macs = networkCost(network)
    .slice(from)
    .map((each) => each.macs)
    .filter((each) => each > 0);
  return macs.reduce((sum, each, at) => sum + (at === 0 ? 2 : 3) * each, 0);
}

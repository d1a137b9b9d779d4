import type { RunConfig, StrategyName } from '../../config/schema.ts';
import { BACKBONE_ROWS } from '../../network/catalog.ts';
import { networkCost } from '../../network/cost.ts';
import { plainPreprocessing } from '../../network/preprocessing.ts';
import { planTraining } from '../../training/train-plan.ts';
import { networkFor } from '../prepare/start-weights.ts';

/** Steps take longer for what they compute than a forward pass does: small kernels, the optimizer, decoding. */
const OVERHEAD = 1.3;
/** A step goes forward, and back for the gradients of inputs and weights. */
const STEP = 3;

export interface CostRequest {
  readonly strategy: StrategyName;
  readonly config: RunConfig;
  readonly classes: number;
  /** Layers of the head that start from random weights. */
  readonly newLayers: ReadonlySet<string>;
  /** Images to train on and to validate on. */
  readonly images: { readonly train: number; readonly val: number };
  /** Multiply-adds a second of a forward pass. */
  readonly speed: number;
}

type PlanOf = Pick<CostRequest, 'strategy' | 'config' | 'classes' | 'newLayers'>;

/** Whether a solved output layer is all that is trained: it is asked about every image at once. */
export function isSolvedAlone(of: PlanOf): boolean {
  return planOf(of).plan.phases.length === 0;
}

function planOf({ strategy, config, classes, newLayers }: PlanOf) {
  const preprocessing = plainPreprocessing(BACKBONE_ROWS[config.backbone].size);
  const network = networkFor(config, classes, preprocessing);
  return { network, plan: planTraining({ strategy, config, network, newLayers }) };
}

/** About how many seconds a run takes: all of its epochs, with a refit where `refit` says so. */
export function runSeconds(request: CostRequest, refit: boolean): number {
  const { images, speed } = request;
  const { network, plan } = planOf(request);
  const { from, phases } = plan;
  const macs = networkCost(network).map((layer) => layer.macs);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const [frozen, trained] = [sum(macs.slice(0, from)), sum(macs.slice(from))];
  const epochs = sum(phases.map((phase) => phase.epochs));
  const all = images.train + images.val;
  const steps = (STEP * images.train + images.val) * epochs;
  const again = refit ? STEP * all * epochs : 0;
  return (OVERHEAD * (frozen * all + trained * (steps + again))) / speed;
}

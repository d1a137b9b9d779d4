import { PickleOpaque } from './pickle-opaque.ts';
import { TorchTensor } from './torch-records.ts';

/** What was found in a checkpoint. */
export interface FoundTensors {
  /** By name; behind the keys of its dict where several dicts have tensors (`model_ema.features.0.weight`). */
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Whole objects, which are no state dicts, by their keys: `model` is a `torchvision.models.vgg.VGG`. */
  readonly objects: readonly { readonly key: string; readonly name: string }[];
}

interface Dict {
  readonly path: readonly string[];
  readonly tensors: ReadonlyMap<string, TorchTensor>;
}

/** Checkpoints nest a few levels; a dict that holds itself ends here. */
const MAX_DEPTH = 6;
const MAX_DICTS = 1000;
/** Slots of optimizers have the shapes of the weights. */
const NO_WEIGHTS = /optim|sched|scaler/i;

/**
 * The tensors of a checkpoint, wherever in it they lie: training scripts put the state dict under a key of their own
 * (`state_dict`, `model`), beside a number or two (`best_acc1`), or several of them side by side.
 */
export function findTensors(value: unknown): FoundTensors {
  const walk: Walk = { dicts: [], objects: [], seen: new Set() };
  visit(walk, value, []);
  // A metric that is a tensor is no weight.
  const whole = walk.dicts.filter(({ tensors }) =>
    [...tensors.values()].some(({ shape }) => shape.length > 0),
  );
  const dicts = whole.length > 0 ? whole : walk.dicts;
  const prefixed = dicts.flatMap(({ path, tensors }) =>
    [...tensors].map(([name, tensor]) => {
      const full = dicts.length > 1 ? [...path, name].join('.') : name;
      return [full, tensor] as const;
    }),
  );
  return { tensors: new Map(prefixed), objects: walk.objects };
}

interface Walk {
  readonly dicts: Dict[];
  readonly objects: { key: string; name: string }[];
  readonly seen: Set<unknown>;
}

function visit(walk: Walk, value: unknown, path: readonly string[]): void {
  if (value instanceof PickleOpaque) walk.objects.push({ key: path.join('.'), name: value.name });
  if (!(value instanceof Map) || walk.seen.has(value)) return;
  if (path.length > MAX_DEPTH || walk.dicts.length >= MAX_DICTS) return;
  walk.seen.add(value);
  const tensors = new Map<string, TorchTensor>();
  for (const [name, item] of value as Map<unknown, unknown>) {
    if (typeof name !== 'string') continue;
    if (item instanceof TorchTensor) tensors.set(name, item);
    else if (!NO_WEIGHTS.test(name)) visit(walk, item, [...path, name]);
  }
  if (tensors.size > 0) walk.dicts.push({ path, tensors });
}

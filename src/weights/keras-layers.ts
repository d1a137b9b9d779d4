import { member } from '../base/member.ts';

/** A layer of the config of a Keras model. */
export interface KerasLayer {
  /** `Conv2D`, `Functional`, ... */
  readonly kind: string;
  readonly name: string;
  readonly config: unknown;
  /** The layers of a model that is a layer of another one. */
  readonly inner: readonly KerasLayer[];
}

/** Models nest a few levels. */
const MAX_DEPTH = 16;

/** The layers of a model, from its config as parsed from JSON; none where it says nothing of them. */
export function modelLayers(model: unknown, depth = 0): readonly KerasLayer[] {
  const layers = member(member(model, 'config'), 'layers');
  if (!Array.isArray(layers) || depth > MAX_DEPTH) return [];
  return layers.map((layer): KerasLayer => {
    const config = member(layer, 'config');
    return {
      kind: textOf(member(layer, 'class_name')),
      name: textOf(member(config, 'name')),
      config,
      inner: modelLayers(layer, depth + 1),
    };
  });
}

/** The lists of layers of a model and of the models in it. */
export function layersOf(model: unknown): (readonly KerasLayer[])[] {
  const lists = (layers: readonly KerasLayer[]): (readonly KerasLayer[])[] =>
    layers.length === 0 ? [] : [layers, ...layers.flatMap(({ inner }) => lists(inner))];
  return lists(modelLayers(model));
}

/** A text as it is; in a file of others anything else may stand for one. */
export const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

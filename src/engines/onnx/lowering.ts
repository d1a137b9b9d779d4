import type { Shape } from '../../base/tensor.ts';
import type { EmitRule, Emitter, Layout, OpName, Value } from './operator.ts';

/**
 * Alternative rules for some operators: with other layouts, chunks, or fused nodes. An operator without a
 * rule here is written by its own `emit`, which reads and writes the plain layout.
 */
export interface Lowering {
  readonly rules: { readonly [K in OpName]?: EmitRule<K> };
  /** Emits the conversion of a value and returns the name of the result. */
  convert(emitter: Emitter, value: Value, from: Named, to: Layout): string;
  /** The shape of a value in one of its layouts. */
  shapeIn(value: Value, layout: Layout): Shape;
  /** Whether its graphs may leave the number of rows open. */
  readonly opensRows: boolean;
  /** The type in which pixels enter; `uint8` where absent. Sessions convert. */
  readonly pixels?: 'float32';
  /** Domains other than the standard's, with their versions. */
  readonly domains: Readonly<Record<string, number>>;
}

export interface Named {
  readonly name: string;
  readonly layout: Layout;
}

export const PLAIN: Layout = 'plain';

/** Every operator by its own rule: standard ONNX alone. */
export const STANDARD: Lowering = {
  rules: {},
  convert: (_emitter, _value, from, to) => {
    throw new Error(`lowering: no conversion from ${from.layout} to ${to}`);
  },
  shapeIn: ({ shape }) => shape,
  opensRows: true,
  domains: {},
};

import type { Shape } from '../base/tensor.ts';
import { networkCost } from './cost.ts';
import { receptiveFields } from './receptive-field.ts';
import type { LayerKind, NetworkSpec } from './spec.ts';

/** One layer of a network as `describe` shows it. */
export interface LayerRow {
  readonly name: string;
  readonly kind: LayerKind;
  /** Without the batch axis: [C, H, W] or [C]. */
  readonly output: Shape;
  /** Trainable numbers. */
  readonly parameters: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  /** Side of the square of pixels that one output sees; absent for the head, which sees all. */
  readonly receptiveField?: number;
  /** Pixels between neighbouring outputs. */
  readonly stride?: number;
  /** Whether a run has trained it; absent without a run, and for layers without parameters. */
  readonly trained?: boolean;
}

/**
 * Every layer of a network with its costs.
 * @param trained the names of the layers that a run has trained, where there is a run
 */
export function layerTable(
  network: NetworkSpec,
  trained?: ReadonlySet<string>,
): readonly LayerRow[] {
  const fields = new Map(receptiveFields(network).map((field) => [field.name, field]));
  const costs = networkCost(network);
  return network.layers.map(({ name, kind }, index) => {
    const { parameters = 0, macs = 0 } = costs[index] ?? {};
    const field = fields.get(name);
    return {
      name,
      kind,
      output: network.shapes[index] ?? [],
      parameters,
      macs,
      ...(field && { receptiveField: field.size, stride: field.stride }),
      ...(trained && parameters > 0 && { trained: trained.has(name) }),
    };
  });
}

export interface NetworkTotals {
  readonly parameters: number;
  readonly macs: number;
  /** Absent without a run. */
  readonly trained?: number;
}

export function totalsOf(rows: readonly LayerRow[]): NetworkTotals {
  const sum = (some: readonly LayerRow[], key: 'parameters' | 'macs') =>
    some.reduce((total, row) => total + row[key], 0);
  const known = rows.some((row) => row.trained !== undefined);
  const trained = rows.filter((row) => row.trained === true);
  return {
    parameters: sum(rows, 'parameters'),
    macs: sum(rows, 'macs'),
    ...(known && { trained: sum(trained, 'parameters') }),
  };
}

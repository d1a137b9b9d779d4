import type { Shape } from '../base/tensor.ts';
import { networkCost } from './cost.ts';
import { receptiveFields } from './receptive-field.ts';
import type { Layer, NetworkSpec } from './spec.ts';

/** One layer of a network as `describe` and `plan` show it. */
export interface LayerRow {
  readonly name: string;
  readonly kind: Layer['kind'];
  /** Without the batch axis: [C, H, W] or [C]. */
  readonly output: Shape;
  readonly parameters: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  /** The side of the square of pixels that one output sees; absent for the head. */
  readonly receptiveField?: number;
  /** Pixels between neighbouring outputs. */
  readonly stride?: number;
  /** Whether a run trains it; absent without a run and without parameters. */
  readonly trained?: boolean;
}

export interface NetworkTotals {
  readonly parameters: number;
  readonly macs: number;
  /** Absent without a run. */
  readonly trained?: number;
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

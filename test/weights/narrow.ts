import type { NamedTensors, Tensor } from '../../src/base/tensor.ts';
import { buildFromRow } from '../../src/network/build.ts';
import { BACKBONE_ROWS, type BackboneName, type BackboneRow } from '../../src/network/catalog.ts';
import { parameterShapes } from '../../src/network/parameters.ts';
import { TORCHVISION_PREPROCESSING } from '../../src/network/preprocessing.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';

/** A VGG with the layers of a published one and a sixteenth of its width or less. */
export function narrowNetwork(backbone: BackboneName, classes = 10, size = 224): NetworkSpec {
  const row: BackboneRow = {
    ...BACKBONE_ROWS[backbone],
    widths: [4, 8, 8, 8, 8],
    denseWidth: 16,
  };
  return buildFromRow(row, {
    head: { kind: 'vgg', dropout: 0.5, hidden: 16 },
    classes,
    preprocessing: { ...TORCHVISION_PREPROCESSING, size },
  });
}

/**
 * The same weights in TypeScript and in Python (test/golden/vgg_formula.py): element i of tensor
 * number n is a 32-bit hash of (n, i), spread over [-a, a] with a by the kind of tensor.
 */
export function formulaWeights(network: NetworkSpec): NamedTensors {
  const tensors = [...parameterShapes(network)].map(([name, shape], n): [string, Tensor] => {
    const count = shape.reduce((product, size) => product * size, 1);
    const [centre, reach] = spread(name, shape);
    const data = Float32Array.from({ length: count }, (_, i) => {
      const unit = hash(n, i) / 2 ** 31 - 1;
      return Math.fround(centre + reach * unit);
    });
    return [name, { shape, data }];
  });
  return new Map(tensors);
}

function spread(name: string, shape: readonly number[]): [number, number] {
  if (name.endsWith('.running_var')) return [1, 0.5];
  if (name.startsWith('bn') && name.endsWith('.weight')) return [1, 0.25];
  if (shape.length === 1) return [0, 0.25];
  const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
  return [0, Math.sqrt(6 / inputs)];
}

/** A multiplicative hash with the finaliser of MurmurHash3. */
export function hash(n: number, i: number): number {
  let h = (Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
}

/** Pixels [1, side, side, 3], RGB. */
export function formulaPixels(side: number): Uint8Array {
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => hash(1000, i) % 256);
}

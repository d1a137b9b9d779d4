import { sameShape, sizeOf } from '../base/tensor.ts';
import { openTensorFile } from '../formats/open.ts';
import type { TensorFile, TensorFormat } from '../formats/tensor-file.ts';
import { BACKBONES, type BackboneName } from '../network/catalog.ts';
import type { Preprocessing } from '../network/spec.ts';
import { sizeOfFile } from './cache.ts';
import type { Family } from './naming.ts';
import { backboneShapes, type Recognised, recognise, structureOf } from './recognise.ts';

export interface TensorDescription {
  /** The name in the file. */
  readonly name: string;
  /** Absent for a surplus tensor. */
  readonly canonical?: string | undefined;
  readonly dtype: string;
  /** The shape in the file. */
  readonly shape: readonly number[];
}

/** What a weights file holds. */
export interface WeightsDescription {
  readonly path: string;
  readonly bytes: number;
  readonly format: TensorFormat;
  readonly family: Family;
  /** Absent for a network of another structure, or when convolutions are missing. */
  readonly backbone?: BackboneName | undefined;
  /** The structure in words. */
  readonly structure: string;
  /** Batch norm is already part of the convolutions. */
  readonly folded: boolean;
  /** Absent without an output layer. */
  readonly classes?: number | undefined;
  readonly preprocessing?: Preprocessing | undefined;
  /** The file says nothing of it: it is what is usual for its family. */
  readonly preprocessingAssumed: boolean;
  /** How the file was understood, where that is not plain. */
  readonly notes: readonly string[];
  /** Numbers in the tensors that are used. */
  readonly parameters: number;
  readonly tensors: readonly TensorDescription[];
  /** Canonical names that the nearest network has and the file has not. */
  readonly missing: readonly string[];
  /** The file's names that no VGG has. */
  readonly surplus: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Describes a weights file, from its index alone.
 * @throws VggtuneError (data) for no VGG
 */
export async function describeWeights(path: string): Promise<WeightsDescription> {
  const file = await openTensorFile(path);
  try {
    return describeFile(file, recognise(file), (await sizeOfFile(path)) ?? 0);
  } finally {
    await file.close();
  }
}

function describeFile(file: TensorFile, found: Recognised, bytes: number): WeightsDescription {
  const canonicalNames = new Map([...found.tensors].map(([name, source]) => [source.name, name]));
  const used = [...found.tensors.values()];
  return {
    path: file.where,
    bytes,
    format: file.format,
    family: found.family,
    backbone: found.backbone,
    structure: structureOf(found),
    folded: found.folded,
    classes: found.classes,
    preprocessing: found.preprocessing,
    preprocessingAssumed: found.assumed && found.preprocessing !== undefined,
    notes: found.notes,
    parameters: used.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    tensors: [...file.tensors].map(([name, { dtype, shape }]) => ({
      name,
      canonical: canonicalNames.get(name),
      dtype,
      shape,
    })),
    missing: missingTensors(found),
    surplus: found.surplus,
    metadata: file.metadata,
  };
}

function missingTensors(found: Recognised): string[] {
  const backbone = found.backbone ?? nearest(found);
  const wanted = backbone === undefined ? [] : [...backboneShapes(backbone).keys()];
  const head = [...found.tensors.keys()].some((name) => name.startsWith('fc'))
    ? ['fc8.weight', 'fc8.bias']
    : [];
  return [...wanted, ...head].filter(
    (name) => !found.tensors.has(name) && !(found.folded && name.startsWith('bn')),
  );
}

/** The network that shares the most tensors, if that is more than half of it. */
function nearest(found: Recognised): BackboneName | undefined {
  const scores = BACKBONES.map((backbone) => {
    const shapes = [...backboneShapes(backbone)];
    const shared = shapes.filter(([name, shape]) => {
      const tensor = found.tensors.get(name);
      return tensor !== undefined && sameShape(tensor.shape, shape);
    });
    return { backbone, share: shared.length / shapes.length };
  });
  const best = scores.reduce((a, b) => (b.share > a.share ? b : a));
  return best.share > 0.5 ? best.backbone : undefined;
}

import { usageError } from '../base/errors.ts';
import { type Shape, sizeOf } from '../base/tensor.ts';
import type { BackboneRow, HeadName } from './catalog.ts';
import type { Layer, Level } from './spec.ts';

/** The batch norm of the head `levels`. It is fitted once and never trained. */
export const HEAD_NORM = 'fc8_norm';

/** The output layer, whatever the head. */
export const OUTPUT = 'fc8';

export interface HeadSpec {
  readonly kind: HeadName;
  readonly dropout: number;
  /** Width of the hidden layers of `mlp`, and of `vgg` where the backbone does not fix it. */
  readonly hidden: number;
}

interface HeadPlace {
  /** The shape of the backbone's output: [C, H, W]. */
  readonly features: Shape;
  /** The pools that end its blocks, in their order. */
  readonly pools: readonly Level[];
  readonly classes: number;
}

/**
 * The layers after the backbone. Whatever the head, the last one is `OUTPUT`.
 * @throws VggtuneError (usage) when the head does not take the backbone's map
 */
export function headLayers(row: BackboneRow, head: HeadSpec, place: HeadPlace): Layer[] {
  switch (head.kind) {
    case 'linear':
      return linearHead(head, place);
    case 'levels':
      return levelsHead(head, place);
    case 'mlp':
      return mlpHead(head, place);
    case 'vgg':
      return vggHead(row, head, place);
  }
}

function linearHead(head: HeadSpec, { features, classes }: HeadPlace): Layer[] {
  return [
    { kind: 'gap', name: 'gap' },
    { kind: 'dropout', name: 'dropout7', rate: head.dropout },
    dense(OUTPUT, features[0] ?? 0, classes),
  ];
}

/** Pools that the head `levels` reads: the maps behind the first ones are of edges and colours alone. */
const LEVELS = 3;

/**
 * A linear classifier on multi-scale features: the last three pools rather than the last one (as in Head2Toe,
 * Evci et al. 2022; features across depths are the hypercolumns of Hariharan et al. 2015). What distinguishes
 * images unlike those of the pretraining is often lost before the last layer. Features of different depths
 * have different scales: the batch norm has fixed statistics, those of the training images before training.
 */
function levelsHead(head: HeadSpec, { pools, classes }: HeadPlace): Layer[] {
  const sources = pools.slice(-LEVELS);
  const channels = sources.reduce((sum, level) => sum + level.channels, 0);
  return [
    { kind: 'levels', name: 'levels', sources },
    { kind: 'batchnorm', name: HEAD_NORM, channels, epsilon: 1e-5, momentum: 0 },
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dropout', name: 'dropout7', rate: head.dropout },
    dense(OUTPUT, channels, classes),
  ];
}

function mlpHead(head: HeadSpec, { features, classes }: HeadPlace): Layer[] {
  return [
    { kind: 'gap', name: 'gap' },
    ...hiddenLayers('7', [features[0] ?? 0, head.hidden], head.dropout),
    dense(OUTPUT, head.hidden, classes),
  ];
}

/** The paper's classifier; torchvision averages other maps to 7x7 first, and leaves 7x7 alone. */
function vggHead(row: BackboneRow, head: HeadSpec, { features, classes }: HeadPlace): Layer[] {
  const [channels = 0, side = 0] = features;
  if (side < row.headMap) throw tooSmall(row);
  const pool: Layer[] =
    side === row.headMap ? [] : [{ kind: 'avgpool', name: 'avgpool', size: row.headMap }];
  const inputs = sizeOf([channels, row.headMap, row.headMap]);
  const width = row.denseWidth ?? head.hidden;
  return [
    ...pool,
    { kind: 'flatten', name: 'flatten' },
    ...hiddenLayers('6', [inputs, width], head.dropout),
    ...hiddenLayers('7', [width, width], head.dropout),
    dense(OUTPUT, width, classes),
  ];
}

function tooSmall(row: BackboneRow): Error {
  const smallest = row.headMap * 2 ** row.convolutions.length;
  return usageError(`the head "vgg" of ${row.name} needs larger images`, {
    expected: `a size of at least ${smallest}, so that the last map is ${row.headMap} x ${row.headMap}`,
    where: 'image.size, head.kind',
    fix: `use ${smallest} or more, or a head that takes any size: linear, levels or mlp`,
  });
}

function hiddenLayers(id: string, [inputs, outputs]: [number, number], rate: number): Layer[] {
  return [
    dense(`fc${id}`, inputs, outputs),
    { kind: 'relu', name: `relu${id}` },
    { kind: 'dropout', name: `dropout${id}`, rate },
  ];
}

function dense(name: string, inputs: number, outputs: number): Layer {
  return { kind: 'dense', name, inputs, outputs };
}

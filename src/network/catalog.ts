/** The networks by name. `_bn` has a batch norm after each convolution. */
export const BACKBONES = [
  'vgg-nano',
  'vgg11',
  'vgg13',
  'vgg16',
  'vgg19',
  'vgg11_bn',
  'vgg13_bn',
  'vgg16_bn',
  'vgg19_bn',
] as const;
export type BackboneName = (typeof BACKBONES)[number];

export const HEADS = ['linear', 'levels', 'mlp', 'vgg'] as const;
export type HeadName = (typeof HEADS)[number];

/** Widest hidden layer of a head: two of them beside each other have a gigabyte of weights. */
export const LARGEST_HIDDEN = 16_384;
/** The largest side of the input, in pixels: the first layer of a VGG would keep 25 GB of activations. */
export const LARGEST_SIDE = 10_000;

/** A backbone as data: everything else about it is a fold over its row. */
export interface BackboneRow {
  readonly name: string;
  /** 3x3 convolutions in each of the blocks; a 2x2 max-pool ends a block. */
  readonly convolutions: readonly number[];
  /** Output channels of the convolutions of each block. */
  readonly widths: readonly number[];
  readonly batchNorm: boolean;
  /** Side of the input it was made for, in pixels. */
  readonly size: number;
  /** Side of the map that the `vgg` head flattens; other maps are averaged down to it. */
  readonly headMap: number;
  /** Width of fc6 and fc7 of the `vgg` head; undefined: what the head asks for. */
  readonly denseWidth: number | undefined;
}

/** Table 1 of Simonyan and Zisserman 2014: columns A, B, D and E. */
const PUBLISHED = {
  vgg11: [1, 1, 2, 2, 2],
  vgg13: [2, 2, 2, 2, 2],
  vgg16: [2, 2, 3, 3, 3],
  vgg19: [2, 2, 4, 4, 4],
} as const;

function published(column: keyof typeof PUBLISHED, batchNorm: boolean): BackboneRow {
  return {
    name: batchNorm ? `${column}_bn` : column,
    convolutions: PUBLISHED[column],
    widths: [64, 128, 256, 512, 512],
    batchNorm,
    size: 224,
    headMap: 7,
    denseWidth: 4096,
  };
}

/**
 * VGG-11's shape at a quarter of the width, half in the last block, and 64x64 pixels: 1.17 M parameters and
 * 49 M multiply-adds an image. Widths double at every pool, to the last: wide layers on small maps are
 * the cheapest. It has batch norm because it is trained from random weights.
 */
const NANO: BackboneRow = {
  name: 'vgg-nano',
  convolutions: [1, 1, 2, 2, 2],
  widths: [16, 32, 64, 128, 256],
  batchNorm: true,
  size: 64,
  headMap: 2,
  denseWidth: undefined,
};

/** Every backbone's row. */
export const BACKBONE_ROWS: Readonly<Record<BackboneName, BackboneRow>> = {
  'vgg-nano': NANO,
  vgg11: published('vgg11', false),
  vgg13: published('vgg13', false),
  vgg16: published('vgg16', false),
  vgg19: published('vgg19', false),
  vgg11_bn: published('vgg11', true),
  vgg13_bn: published('vgg13', true),
  vgg16_bn: published('vgg16', true),
  vgg19_bn: published('vgg19', true),
};

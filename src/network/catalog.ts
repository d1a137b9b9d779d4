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

export const HEADS = ['linear', 'mlp', 'vgg'] as const;
export type HeadName = (typeof HEADS)[number];

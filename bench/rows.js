// What is measured, as data. A row of kind `forward` is a frozen layer range, `step` a training step.

/**
 * @typedef {object} Row
 * @property {string} name          as given to --rows
 * @property {string} title
 * @property {'forward' | 'step'} kind
 * @property {string} backbone
 * @property {'linear' | 'vgg'} head
 * @property {number} size          side of the input in pixels
 * @property {string} [after]       trained on the cached output of this layer
 * @property {number} batch         images of one step, or of one call
 * @property {boolean} torch        whether PyTorch does the same
 * @property {number} [ratio]       least speed wanted, as a multiple of PyTorch's
 * @property {number} [memory]      most memory wanted, in GiB
 * @property {number} [rate]        least images a second wanted
 */

const VGG16 = { backbone: 'vgg16', head: 'linear', size: 224, batch: 32, torch: true };
const NANO = { backbone: 'vgg-nano', head: 'linear', size: 64, batch: 32, torch: true };

/** @type {readonly Row[]} */
export const ROWS = [
  { ...VGG16, name: 'forward', title: 'VGG16 frozen forward', kind: 'forward', ratio: 1.2 },
  { ...VGG16, name: 'top', title: 'VGG16 `top` step on features', kind: 'step', after: 'pool4' },
  { ...VGG16, name: 'all', title: 'VGG16 `all` step', kind: 'step', ratio: 0.95, memory: 4 },
  {
    ...VGG16,
    name: 'all-vgg',
    title: 'VGG16 `all` step, vgg head',
    kind: 'step',
    head: 'vgg',
    torch: false,
    memory: 8,
  },
  { ...NANO, name: 'nano-forward', title: 'vgg-nano forward', kind: 'forward', rate: 1000 },
  { ...NANO, name: 'nano-step', title: 'vgg-nano step', kind: 'step' },
];

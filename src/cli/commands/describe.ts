import { BACKBONES } from '../../config/names.ts';
import type { Command } from '../command.ts';
import { headOption, SIZE_OPTIONS } from '../network-options.ts';

export const command: Command = {
  usage: 'describe NETWORK|RUN|FILE [flags]',
  description: [
    'Shows the layers of a network: output shape, parameters, multiply-adds, receptive field and',
    'stride; of a run, also what is frozen and trained. Of a weights file it says what it holds:',
    'format, family, network, classes, preprocessing, and what is missing or surplus. Reads',
    'safetensors, PyTorch .pth, Keras .h5 and ONNX, recognised by content; nothing in a file is run.',
  ].join('\n'),
  positionals: {
    least: 1,
    most: 1,
    what: 'a network, a run or a weights file',
    words: [{ names: BACKBONES, paths: 'run' }],
  },
  options: [
    { name: 'receptive-field', kind: 'boolean', description: 'show the formula step by step' },
    {
      name: 'compare',
      kind: 'text',
      value: 'CHANNELS',
      valueOptional: true,
      description: 'also what 3x3 stacks save against 5x5 and 7x7 (256 channels), and AlexNet',
    },
    headOption('of a network by name'),
    ...SIZE_OPTIONS,
    { name: 'tensors', kind: 'boolean', description: 'list every tensor of a file' },
  ],
  examples: [
    ['vggtune describe vgg16 --receptive-field', 'the published network'],
    ['vggtune describe runs/photos-top', 'what a run has frozen and trained'],
    ['vggtune describe vgg16-397923af.pth', 'a published file'],
    ['vggtune describe vgg16 --compare 512', 'why VGG stacks small kernels'],
  ],
  run: async (...given) => (await import('../actions/describe.ts')).run(...given),
};

import type { Command } from '../command.ts';
import { DEVICE_OPTION } from '../device-flag.ts';

export const command: Command = {
  usage: 'demo [FOLDER]',
  description: [
    'Builds a folder of emoji images, fine-tunes the small pretrained network vgg-nano on a few of',
    'them by the strategy that the advisor chooses, and measures it on images that it did not train',
    'on, beside the same network trained from random weights. Takes about a minute and fetches',
    'nothing. FOLDER gets the images and the runs; vggtune-demo by default.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'a folder', words: [{ paths: 'folder' }] },
  options: [
    { ...DEVICE_OPTION, description: `${DEVICE_OPTION.description}; auto by default` },
    {
      name: 'epochs',
      kind: 'text',
      value: 'N',
      description: 'epochs of each training: a few, for a first look at a slow device',
    },
  ],
  examples: [['vggtune demo', 'train, measure, and say how to predict']],
  run: async (...given) => (await import('../actions/demo.ts')).run(...given),
};

import { BACKBONES } from '../../config/names.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'weights list | fetch NAME | verify [NAME] | import FILE | path [NAME]',
  description: [
    'Pretrained weights and the folder that keeps them. NAME is a network (vgg16) or one of its',
    'sources (vgg16/timm). `train` fetches what it needs by itself; this is for machines that are',
    'prepared ahead, and for looking.',
    '',
    'fetch takes the convolutions alone where the source allows, which is what the heads linear and',
    'mlp need; --all takes the whole file. VGGTUNE_MIRROR names another place to fetch from.',
  ].join('\n'),
  positionals: {
    least: 1,
    most: 2,
    what: 'list, fetch, verify, import or path',
    words: [
      { names: ['list', 'fetch', 'verify', 'import', 'path'] },
      { names: BACKBONES, paths: 'file' },
    ],
  },
  options: [
    { name: 'all', kind: 'boolean', description: 'fetch the whole file' },
    { name: 'offline', kind: 'boolean', description: 'never fetch' },
  ],
  examples: [
    ['vggtune weights list', 'what is published, and what is here'],
    ['vggtune weights fetch vgg16', '59 MB'],
    ['vggtune weights import ~/Downloads/vgg16.pth', 'check a file and keep it'],
  ],
  run: async (...given) => (await import('../actions/weights.ts')).run(...given),
};

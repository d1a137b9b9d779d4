import { BACKBONES, EXPLAIN_TOPICS } from '../../config/names.ts';
import type { Command } from '../command.ts';
import { headOption, SIZE_OPTIONS } from '../network-options.ts';

export const command: Command = {
  usage: 'explain TOPIC [NETWORK|RUN|FILE] [flags]',
  description: [
    'Explains a network (by default vgg-nano), in figures that are computed from its layers:',
    '  receptive-field: how much of the image each layer sees, and why kernels are small',
    '  kernels: what each layer holds and costs, and stacks of 3x3 beside one large kernel',
    '  dense: where the parameters are, dense layers as convolutions, and larger images',
    '  strategies: the four cases, what each freezes and trains here, and what runs once',
    '',
    '--page writes it as a page with drawings, and the first kernels where weights are at hand.',
  ].join('\n'),
  positionals: {
    least: 1,
    most: 2,
    what: 'a topic',
    words: [{ names: EXPLAIN_TOPICS }, { names: BACKBONES, paths: 'run' }],
  },
  options: [
    {
      name: 'page',
      kind: 'text',
      value: 'FILE',
      description: 'write a page with drawings, which needs no network; - is stdout',
    },
    { name: 'open', kind: 'boolean', description: 'open the page in the browser' },
    headOption('of a network by name; of strategies, for all of them'),
    ...SIZE_OPTIONS,
  ],
  examples: [
    ['vggtune explain receptive-field vgg16', 'what an output of each layer sees'],
    ['vggtune explain kernels --page kernels.html --open', 'the kernels of vgg-nano, drawn'],
    ['vggtune explain dense vgg16', 'why fc6 is most of VGG-16'],
    ['vggtune explain strategies runs/photos-head', 'the four cases on the network of a run'],
  ],
  run: async (...given) => (await import('../actions/explain.ts')).run(...given),
};

import type { Command } from '../command.ts';
import { CONFIG_OPTIONS } from '../config-options.ts';

export const command: Command = {
  usage: 'advise FOLDER [flags]',
  description: [
    'Looks at the images and says which of the four strategies fits, with the evidence: how many',
    'there are and how many are copies of each other; how well the frozen features of the network',
    'separate the classes at several depths; and what each strategy would take on this machine, from',
    'a few real steps of each. It also tries the strategies on parts of the training images, for about',
    'as long as the chosen run takes: `--advise.budget 1h` says how long, `--advise.budget 0` does without.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images', words: [{ paths: 'file' }] },
  options: [
    ...CONFIG_OPTIONS,
    { name: 'skip-estimates', kind: 'boolean', description: 'do not measure time and memory' },
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
  ],
  takesConfig: true,
  examples: [
    ['vggtune advise photos', 'evidence, choice, and what it takes'],
    ['vggtune advise photos --advise.similar 0.9', 'be harder to convince'],
    ['vggtune advise photos --advise.budget 1h --json', 'and try all that an hour allows'],
  ],
  run: async (...given) => (await import('../actions/advise.ts')).run(...given),
};

import type { Command } from '../command.ts';
import { CONFIG_OPTIONS } from '../config-options.ts';

export const command: Command = {
  usage: 'features FOLDER [flags]',
  description: [
    'Runs the frozen layers over the images, and keeps the activations in the cache: `train` with the same',
    'settings reads them there. It is the costly part of head and top, and the one that can be divided:',
    'processes or machines that share the cache folder take a share each by --shard, which job arrays of',
    'Slurm and AWS Batch need not say. What was computed before is not computed again.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images', words: [{ paths: 'file' }] },
  options: [
    ...CONFIG_OPTIONS,
    {
      name: 'shard',
      kind: 'text',
      value: 'I/N',
      description: 'only the I-th of N shares of the images; N alone in a job array',
    },
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
  ],
  takesConfig: true,
  examples: [
    ['vggtune features photos --strategy head --shard 2/4', 'the second quarter, on this machine'],
    ['vggtune train photos --strategy head', 'train on what all have computed'],
  ],
  run: async (...given) => (await import('../actions/features.ts')).run(...given),
};

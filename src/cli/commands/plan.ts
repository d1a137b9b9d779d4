import type { Command } from '../command.ts';
import { CONFIG_OPTIONS } from '../config-options.ts';

export const command: Command = {
  usage: 'plan FOLDER [flags]',
  description: [
    'Shows everything that `vggtune train` would do with the same flags, without training: the data',
    'found and skipped, the split, the strategy and why, what is frozen and what is trained at which',
    'rate, time and memory, and the files that would be written. Where no strategy is named, some are tried',
    'as `vggtune advise` does, and `train` goes on from there; `--advise.budget 0` does without.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images', words: [{ paths: 'file' }] },
  options: [
    ...CONFIG_OPTIONS,
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
  ],
  takesConfig: true,
  examples: [
    ['vggtune plan photos', 'before `vggtune train photos`'],
    ['vggtune plan photos --strategy top --json', 'for a program'],
  ],
  run: async (...given) => (await import('../actions/plan.ts')).run(...given),
};

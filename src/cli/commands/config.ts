import { OUTPUT_NAMES } from '../../outputs/names.ts';
import type { Command } from '../command.ts';
import { CONFIG_OPTIONS } from '../config-options.ts';

export const command: Command = {
  usage: 'config [FOLDER] [flags]',
  description: [
    'Prints the settings that `vggtune train` would use with the same flags, as YAML that --config',
    'takes. Nothing is read but config files. Where the strategy is auto, the values shown are those',
    'of strategy head.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images', words: [{ paths: 'file' }] },
  options: [
    ...CONFIG_OPTIONS,
    { name: 'explain', kind: 'boolean', description: 'show where each value came from' },
    { name: 'schema', kind: 'boolean', description: 'print the JSON Schema of config files' },
    {
      name: 'schema-of',
      kind: 'text',
      value: 'COMMAND',
      description: 'print the JSON Schema of what a command prints with --json',
      choices: OUTPUT_NAMES,
    },
  ],
  takesConfig: true,
  examples: [
    ['vggtune config photos --strategy top > top.yaml', 'a file to start from'],
    ['vggtune config photos -c top.yaml --lr 1e-4 --explain', 'which source won'],
    ['vggtune config --schema > vggtune.schema.json', 'for an editor'],
    ['vggtune config --schema-of train > train.schema.json', 'for a program that reads --json'],
  ],
  run: async (...given) => (await import('../actions/config.ts')).run(...given),
};

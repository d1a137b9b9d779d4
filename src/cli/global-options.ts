import type { Option } from './command.ts';

/** Flags of every command. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  {
    name: 'json',
    kind: 'boolean',
    description: 'print one JSON document on stdout, everything else on stderr',
  },
  { name: 'quiet', alias: 'q', kind: 'boolean', description: 'print the result alone' },
  {
    name: 'color',
    kind: 'boolean',
    description: 'colours (on by default on a terminal); --no-color or NO_COLOR turns them off',
  },
  {
    name: 'cache',
    kind: 'text',
    value: 'FOLDER',
    description: 'folder for downloads and cached activations (or VGGTUNE_CACHE)',
  },
  {
    name: 'log-format',
    kind: 'text',
    value: 'NAME',
    description: 'what is written to stderr: text, or one JSON object a line',
    choices: ['text', 'json'],
  },
  { name: 'help', alias: 'h', kind: 'boolean', description: 'show help' },
];

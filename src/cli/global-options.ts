import type { Option } from './command.ts';

/** The parser would take it for the opposite of a flag `--input`, so it is taken out before. */
export const NO_INPUT = 'no-input';

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
    name: NO_INPUT,
    kind: 'boolean',
    description: 'never ask, also on a terminal',
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

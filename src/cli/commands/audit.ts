import type { Command } from '../command.ts';
import { CONFIG_OPTIONS } from '../config-options.ts';

export const command: Command = {
  usage: 'audit FOLDER [flags]',
  description: [
    'Looks for what is wrong with the images, before or after training: labels that are probably wrong,',
    'with the likely class; copies with different labels, or in several subsets; images that are',
    'like no other; blank, dark, tiny, blurred and broken ones; classes that cannot be told apart.',
    'Writes audit.csv, with a column for decisions, and audit.html, where each suspect can be kept, given',
    'another class or dropped with a key. `train --decisions audit.csv` follows the decisions. No image is',
    'changed, moved or deleted.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images', words: [{ paths: 'file' }] },
  options: [
    ...CONFIG_OPTIONS,
    {
      name: 'to',
      kind: 'text',
      value: 'FOLDER',
      description: 'where audit.csv and audit.html are written: by default this folder',
    },
    {
      name: 'overwrite',
      kind: 'boolean',
      description: 'replace an audit.csv that holds decisions',
    },
    { name: 'open', kind: 'boolean', description: 'open the page in the browser' },
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
  ],
  takesConfig: true,
  examples: [
    ['vggtune audit photos --open', 'look at the suspects, and decide'],
    ['vggtune train photos --decisions audit.csv', 'train without what was dropped'],
    ['vggtune audit photos --json', 'all findings, for a program'],
  ],
  run: async (...given) => (await import('../actions/audit.ts')).run(...given),
};

import { SHELLS } from '../../config/names.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'completion bash | zsh | fish',
  description: [
    'Prints a script by which the Tab key completes commands, flags, their values, and runs. It asks',
    'vggtune each time, so that it does not grow old.',
  ].join('\n'),
  positionals: { least: 1, most: 1, what: SHELLS.join(', '), words: [{ names: SHELLS }] },
  options: [],
  examples: [
    ['source <(vggtune completion bash)', 'in ~/.bashrc'],
    ['source <(vggtune completion zsh)', 'in ~/.zshrc, behind compinit'],
    [
      'vggtune completion fish > ~/.config/fish/completions/vggtune.fish',
      'once; fish finds it there',
    ],
  ],
  run: async (args) => (await import('../actions/completion.ts')).run(args),
};

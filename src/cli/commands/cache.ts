import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'cache list | prune [flags]',
  description: [
    'The folder of what can be made again: activations of frozen layers (features), downloaded',
    'weights, and what was found out about images. A run keeps features within VGGTUNE_CACHE_LIMIT',
    '(20GB by default) by itself: those that were used least recently go first.',
    '',
    'prune does that now. What a run works with at the moment stays, and so do weights.',
  ].join('\n'),
  positionals: { least: 1, most: 1, what: 'list or prune', words: [{ names: ['list', 'prune'] }] },
  options: [
    { name: 'to', kind: 'text', value: 'SIZE', description: 'of prune: features left, as 5GB' },
    {
      name: 'all',
      kind: 'boolean',
      description: 'of prune: all features, what was found out about images, and unpacked archives',
    },
  ],
  examples: [
    ['vggtune cache list', 'what is there, and where'],
    ['vggtune cache prune --to 5GB', 'keep the features that were used last'],
  ],
  run: async (...given) => (await import('../actions/cache.ts')).run(...given),
};

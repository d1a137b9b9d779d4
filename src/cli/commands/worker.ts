import type { Command } from '../command.ts';
import { QUEUE_OPTION } from '../queue-option.ts';

export const command: Command = {
  usage: 'worker --queue URL [flags]',
  description: [
    'Takes runs from the queue that `vggtune batch --queue` fills, and trains them one at a time, each in a',
    'process of its own, until it is stopped. Start as many workers as you like, on any machine that has the',
    'images and the run folders at the same paths, and stop them at any time: Ctrl-C stops the run at a',
    'checkpoint and puts it back (exit 130). The run of a worker that was killed is taken over by another one,',
    'which goes on from its last checkpoint.',
    '',
    'Runs that fail for what they were given (exit codes 2 and 3) are not tried again; others are, four times',
    'in all. The packages bullmq and ioredis must be installed beside vggtune.',
  ].join('\n'),
  positionals: { least: 0, most: 0, what: '', words: [] },
  options: [
    QUEUE_OPTION,
    {
      name: 'threads',
      kind: 'text',
      value: 'N',
      description: 'threads of the engine; one for each core by default',
    },
    {
      name: 'until-empty',
      kind: 'boolean',
      description: 'end when no run waits and none is worked on',
    },
  ],
  examples: [
    ['vggtune worker --queue redis://host:6379/0', 'train whatever comes'],
    ['vggtune worker --queue redis://host:6379/0 --threads 1', 'one of several on this machine'],
    ['vggtune worker --queue redis://host:6379/0 --until-empty', 'in CI'],
  ],
  run: async (...given) => (await import('../actions/worker.ts')).run(...given),
};

import type { Command } from '../command.ts';
import { QUEUE_OPTION } from '../queue-option.ts';
import { RUN_ORDERS } from '../run-orders.ts';

export const command: Command = {
  usage: 'runs list [FOLDER...] | compare RUN RUN... | remove RUN...',
  description: [
    'Runs that lie below a folder (runs by default): what each has trained, and how well; the settings',
    'in which several differ, with their figures; and removing some. remove takes the files that a run',
    'has made, and its folder if nothing else is in it.',
  ].join('\n'),
  positionals: {
    least: 0,
    most: Number.POSITIVE_INFINITY,
    what: 'list, compare or remove',
    words: [{ names: ['list', 'compare', 'remove'] }, { paths: 'run' }],
  },
  options: [
    {
      name: 'sort',
      kind: 'text',
      value: 'NAME',
      choices: RUN_ORDERS,
      description: 'of list: the newest first (begun, the default), the best, or by name',
    },
    { ...QUEUE_OPTION, description: 'of list: the runs of a queue instead, and its workers' },
  ],
  examples: [
    ['vggtune runs list --sort accuracy', 'the best of all first'],
    ['vggtune runs compare runs/photos-head runs/photos-top', 'what makes the difference'],
    ['vggtune runs list --queue redis://host:6379/0', 'what waits, who works on what, what failed'],
    ['vggtune runs remove runs/photos-scratch', 'free its disk space'],
  ],
  run: async (...given) => (await import('../actions/runs.ts')).run(...given),
};

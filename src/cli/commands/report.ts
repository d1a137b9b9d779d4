import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'report RUN... [flags]',
  description: [
    'Writes a page about a run, or about several beside each other: figures, curves, mix-ups with their',
    'images, the worst images, and what it takes to repeat the run. It is one file that needs no network.',
    '`train` writes it as report.html into the run folder; this command writes it again, also for a run',
    'that was interrupted.',
  ].join('\n'),
  positionals: {
    least: 1,
    most: Number.POSITIVE_INFINITY,
    what: 'run folders',
    words: [{ paths: 'run' }],
  },
  options: [
    {
      name: 'out',
      kind: 'text',
      value: 'FILE',
      description:
        'where to write it: by default report.html in the run folder, or in this folder for several runs; - for stdout',
    },
    { name: 'open', kind: 'boolean', description: 'open it in the browser' },
  ],
  examples: [
    ['vggtune report runs/photos-head --open', 'look at a run'],
    ['vggtune report runs/photos-head runs/photos-top', 'two runs beside each other'],
  ],
  run: async (...given) => (await import('../actions/report.ts')).run(...given),
};

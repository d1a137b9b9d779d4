import { DEFAULT_MAX_RUNS, RESULT_FILES } from '../../batch/constants.ts';
import { GATE_METRICS, type GateMetric } from '../../config/gates.ts';
import type { Command } from '../command.ts';
import { QUEUE_OPTION } from '../queue-option.ts';

const METRICS = Object.keys(GATE_METRICS) as GateMetric[];

export const command: Command = {
  usage: 'batch FILES... [flags]',
  description: [
    'Trains the runs that config files describe. FILES are YAML or JSON files, or patterns in quotes.',
    'A file may have a `matrix`: keys with lists of values, of which every combination is a run, in a',
    "folder of its own below the file's `out` (runs/FILE by default). `failIf` holds conditions under",
    'which a run counts as failed. Flags and variables go over every file.',
    '',
    'Everything is checked before anything is trained. A run that fails does not stop the others.',
    'The same command again goes on where it was: finished runs are kept, interrupted ones resumed.',
    'Activations of frozen layers are computed once for all runs.',
    '',
    'Machines that share the folders divide a batch by --shard, which job arrays of Slurm and AWS Batch',
    'need not say; --list prints a command for each run, for other tools; --collect ranks what all have',
    'left. With --queue the runs go into a queue, from which `vggtune worker` on any of them takes them.',
    '',
    '--search looks for the best values instead of trying all: a key of the matrix may then have a',
    'range, such as {min: 0.0001, max: 0.1, log: true}. What is behind after a ninth or a third of its',
    'epochs is stopped. Validation images decide, never test images.',
    '',
    `Metrics for --fail-if and --rank-by: ${METRICS.join(', ')}.`,
  ].join('\n'),
  positionals: {
    least: 1,
    most: Number.POSITIVE_INFINITY,
    what: 'a config file',
    words: [{ paths: 'file' }],
  },
  options: [
    {
      name: 'jobs',
      alias: 'j',
      kind: 'text',
      value: 'N',
      description: 'runs at the same time, which share the cores; 1 by default',
    },
    {
      name: 'results',
      kind: 'text',
      value: 'FOLDER',
      description: `for ${RESULT_FILES.join(', ')}; runs by default`,
    },
    {
      name: 'rank-by',
      kind: 'text',
      value: 'METRIC',
      description: 'what the ranking goes by; accuracy by default',
      choices: METRICS,
    },
    {
      name: 'fail-if',
      kind: 'list',
      value: "'METRIC < X'",
      description: 'exit 4 if it holds for the figures of any run; may be given several times',
    },
    {
      name: 'max-runs',
      kind: 'text',
      value: 'N',
      description: `refuse more runs than that; ${DEFAULT_MAX_RUNS} by default`,
    },
    {
      name: 'shard',
      kind: 'text',
      value: 'I/N',
      description: 'only the I-th of N parts of the runs; N alone in a job array',
    },
    {
      name: 'run',
      kind: 'list',
      value: 'NAME',
      description: 'only the run of that name; may be given several times',
    },
    {
      name: 'list',
      kind: 'boolean',
      description: 'print a command for each run that is not finished',
    },
    {
      name: 'search',
      kind: 'text',
      value: 'N',
      description:
        'try N points of the matrix, whose values may be ranges, and stop those that are behind',
    },
    {
      name: 'budget',
      kind: 'text',
      value: 'TIME',
      description: 'how long a search may take, such as 30m; without it, until it is through',
    },
    QUEUE_OPTION,
    { name: 'collect', kind: 'boolean', description: 'train nothing; rank what there is' },
    { name: 'overwrite', kind: 'boolean', description: 'replace runs made with other settings' },
    { name: 'dry-run', kind: 'boolean', description: 'check everything and list the runs' },
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
  ],
  takesConfig: true,
  examples: [
    ["vggtune batch 'configs/*.yaml'", 'every file, every combination'],
    ["vggtune batch sweep.yaml --jobs 2 --fail-if 'accuracy < 0.9'", 'two at a time, with a gate'],
    ['vggtune batch sweep.yaml --dry-run', 'what would be trained'],
    ['vggtune batch sweep.yaml --shard 2/4', 'the second quarter, on this machine'],
    ['vggtune batch sweep.yaml --list | parallel', 'each run as a command of its own'],
    ['vggtune batch sweep.yaml --search 50 --budget 30m', 'the best of 50, in half an hour'],
    ['vggtune batch sweep.yaml --queue redis://host:6379/0', 'whichever workers are there'],
    ['vggtune batch sweep.yaml --collect', 'the ranking of what all machines have trained'],
  ],
  run: async (...given) => (await import('../actions/batch.ts')).run(...given),
};

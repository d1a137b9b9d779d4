import { GATE_METRICS } from '../../config/gates.ts';
import { SIDES } from '../../config/names.ts';
import type { Command } from '../command.ts';
import { DEVICE_OPTION } from '../device-flag.ts';

export const command: Command = {
  usage: 'evaluate RUN [flags]',
  description: [
    'Measures a trained model on the images that its run held back, or on others: accuracy, top-5,',
    'macro F1, precision and recall of each class, and what is taken for what.',
    '',
    `Metrics for --fail-if: ${Object.keys(GATE_METRICS).join(', ')}.`,
  ].join('\n'),
  positionals: { least: 1, most: 1, what: 'the run folder', words: [{ paths: 'run' }] },
  options: [
    {
      name: 'data',
      kind: 'text',
      value: 'FOLDER',
      description: 'other labelled images, laid out as for train',
    },
    {
      name: 'side',
      kind: 'text',
      value: 'NAME',
      description:
        "subset of the run's split, by default test, or val where there is none; with --data, the one that the folder names",
      choices: SIDES,
    },
    {
      name: 'worst',
      kind: 'text',
      value: 'N',
      description: 'the images that the network was most wrong about: those with the highest loss',
    },
    {
      name: 'csv',
      kind: 'boolean',
      description: 'print a row for each image as CSV, in the form of predictions.csv',
    },
    {
      name: 'predictions',
      kind: 'boolean',
      description: 'of --json: what was said of each image',
    },
    {
      name: 'fail-if',
      kind: 'list',
      value: "'METRIC < X'",
      description: 'exit 4 if it holds; may be given several times',
    },
    { ...DEVICE_OPTION, description: `${DEVICE_OPTION.description}; by default the run's own` },
  ],
  examples: [
    ['vggtune evaluate runs/photos-head', 'the images that were held back'],
    ['vggtune evaluate runs/photos-head --data newer', 'other images'],
    ['vggtune evaluate runs/photos-head --worst 20', 'where it is wrong'],
    ["vggtune evaluate runs/photos-head --fail-if 'macro_f1 < 80%'", 'in CI'],
  ],
  run: async (...given) => (await import('../actions/evaluate.ts')).run(...given),
};

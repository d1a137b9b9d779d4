import { GATE_METRICS } from '../../config/gates.ts';
import type { Command } from '../command.ts';
import { CONFIG_OPTIONS } from '../config-options.ts';

export const command: Command = {
  usage: 'train FOLDER [flags]',
  description: [
    'Fine-tunes a VGG network on a folder of images: one sub-folder per class, or train/, val/ and',
    'test/ above them, or a CSV of path,label. Writes a run folder with the model, its figures and',
    'everything that is needed to repeat the run.',
    '',
    'Settings come from, weakest first: defaults, the strategy, --preset, --config files, variables',
    'named VGGTUNE_*, flags. `vggtune config --explain` shows where each one came from.',
    '',
    `Metrics for --fail-if: ${Object.keys(GATE_METRICS).join(', ')}.`,
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images', words: [{ paths: 'file' }] },
  options: [
    ...CONFIG_OPTIONS,
    {
      name: 'resume',
      kind: 'text',
      value: 'RUN',
      valueOptional: true,
      description: 'go on with a run that was interrupted',
    },
    { name: 'overwrite', kind: 'boolean', description: 'replace the run in the run folder' },
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
    {
      name: 'fail-if',
      kind: 'list',
      value: "'METRIC < X'",
      description: 'exit 4 if it holds for the final figures; may be given several times',
    },
  ],
  takesConfig: true,
  examples: [
    ['vggtune train photos', 'look at the images, choose a strategy, train'],
    ['vggtune train photos --strategy head --epochs 10', 'the new output layer alone'],
    ['vggtune train photos --preset quick --out runs/first', 'an answer soon'],
    ["vggtune train -c ci.yaml --json --fail-if 'accuracy < 0.9'", 'in CI'],
    ['vggtune train --resume runs/photos-head', 'after Ctrl-C'],
  ],
  run: async (...given) => (await import('../actions/train.ts')).run(...given),
};

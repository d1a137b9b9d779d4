import { EXPORT_FORMATS, QUANTIZATIONS } from '../../config/names.ts';
import type { Command } from '../command.ts';
import { DEVICE_OPTION } from '../device-flag.ts';

export const command: Command = {
  usage: 'export RUN [flags]',
  description: [
    'Writes a trained model in the formats asked for, each as a folder with labels and a README. Each',
    'is loaded again and compared with the trained network on images that it was not trained on; one',
    'that differs is not left behind.',
    '',
    'ONNX takes uint8 RGB images and gives probabilities: preprocessing is inside, labels are in its',
    'metadata.',
  ].join('\n'),
  positionals: { least: 1, most: 1, what: 'the run folder', words: [{ paths: 'run' }] },
  options: [
    {
      name: 'format',
      alias: 'f',
      kind: 'list',
      value: 'NAME',
      description: 'may be given several times; onnx by default',
      choices: EXPORT_FORMATS,
    },
    {
      name: 'dense',
      kind: 'boolean',
      description: 'the fully convolutional form, for images of any size: -f onnx-dense',
    },
    { name: 'out', kind: 'text', value: 'FOLDER', description: "instead of the run's model/" },
    { name: 'data', kind: 'text', value: 'FOLDER', description: "where the run's images are now" },
    {
      name: 'quantize',
      kind: 'text',
      value: 'TYPE',
      description: 'fewer bits for the kernels of tfjs and web',
      choices: QUANTIZATIONS,
    },
    { name: 'overwrite', kind: 'boolean', description: 'replace what is there' },
    {
      ...DEVICE_OPTION,
      description:
        "where to compute the trained network's own answers, for the check; cpu by default",
    },
  ],
  examples: [
    ['vggtune export runs/photos-head', 'as ONNX'],
    ['vggtune export runs/photos-head -f pytorch -f keras --out dist', 'for other software'],
  ],
  run: async (...given) => (await import('../actions/export.ts')).run(...given),
};

import type { Command } from '../command.ts';
import { DEVICE_OPTION } from '../device-flag.ts';

export const command: Command = {
  usage: 'predict RUN IMAGES... [flags]',
  description: [
    'Names the class of images by a trained model. RUN is a run folder or a model.safetensors;',
    'IMAGES are files, folders and patterns (in quotes). A file that cannot be read is listed with',
    'its reason, and the others go on; when none can be read, the command fails. - stands for paths on',
    'stdin, one a line.',
  ].join('\n'),
  positionals: {
    least: 2,
    most: Number.POSITIVE_INFINITY,
    what: 'a run folder and images',
    words: [{ paths: 'run' }, { paths: 'file' }],
  },
  options: [
    { name: 'top', kind: 'text', value: 'N', description: 'guesses of each image; 1 by default' },
    {
      name: 'dense',
      kind: 'boolean',
      description: 'the whole image at several scales, and its mirror image, averaged',
    },
    {
      name: 'scales',
      kind: 'text',
      value: 'LIST',
      description: 'of --dense, as factors of the trained size; 1,1.25,1.5 by default',
    },
    {
      name: 'heat-maps',
      kind: 'text',
      value: 'FOLDER',
      description: 'of --dense: an image of where the class was seen, for each image',
    },
    {
      name: 'csv',
      kind: 'boolean',
      description: "print path,label,probability,... as CSV; what begins like a formula gets a '",
    },
    { ...DEVICE_OPTION, description: `${DEVICE_OPTION.description}; cpu by default` },
  ],
  examples: [
    ['vggtune predict runs/photos-head new/', 'every image in a folder'],
    ["vggtune predict runs/photos-head 'new/**/*.jpg' --top 3", 'three guesses each'],
    ['vggtune predict runs/photos-head new/ --csv > guesses.csv', 'for a spreadsheet'],
    ["find . -name '*.jpg' | vggtune predict runs/photos-head -", 'paths from another program'],
  ],
  run: async (...given) => (await import('../actions/predict.ts')).run(...given),
};

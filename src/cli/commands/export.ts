import { broadcast } from '../../base/events.ts';
import { EXPORT_FORMATS } from '../../config/schema.ts';
import type { Output } from '../../outputs/index.ts';
import { type ExportedFolder, exportRun } from '../../pipeline/export.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { DEVICE_OPTION, deviceOf } from '../device-flag.ts';
import { createCollector } from '../listeners/collector.ts';
import { percent, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';

const QUANTIZATIONS = ['none', 'float16', 'uint8'] as const;

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
  positionals: { least: 1, most: 1, what: 'the run folder' },
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
  run,
};

async function run(args: Arguments, context: Context): Promise<Outcome<Output<'export'>>> {
  const [folder = ''] = args.positionals;
  const wanted = [...args.list('format'), ...(args.flag('dense') ? ['onnx-dense'] : [])];
  const formats = EXPORT_FORMATS.filter((name) => wanted.includes(name));
  const out = args.text('out');
  const data = args.text('data');
  const { collected, listen } = createCollector();
  const exported = await exportRun({
    run: folder,
    formats: formats.length > 0 ? formats : ['onnx'],
    ...(out === undefined ? {} : { out }),
    ...(data === undefined ? {} : { data }),
    cache: context.storage.folder,
    quantize: QUANTIZATIONS.find((name) => name === args.text('quantize')) ?? 'none',
    overwrite: args.flag('overwrite'),
    ...deviceOf(args),
    emit: broadcast([context.emit, listen]),
  });
  return {
    document: { run: folder, exports: exported, warnings: collected.warnings },
    text: exported.map(exportLine).join('\n'),
  };
}

function exportLine({ format, folder, verification }: ExportedFolder): string {
  const { readBy, images, agreement } = verification;
  const checked = `read by ${readBy}: ${percent(agreement)} the same on ${plural(images, 'image')}`;
  return `${format}: ${shortPath(folder)} (${checked})`;
}

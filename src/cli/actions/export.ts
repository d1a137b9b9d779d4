import { broadcast } from '../../base/events.ts';
import { EXPORT_FORMATS, QUANTIZATIONS } from '../../config/names.ts';
import type { Output } from '../../outputs/index.ts';
import { type ExportedFolder, exportRun } from '../../pipeline/export.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { deviceOf } from '../device-flag.ts';
import { createCollector } from '../listeners/collector.ts';
import { percent, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'export'>>> {
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
  const { readBy, images, agreement, accuracy, exactness, largestDifference } = verification;
  const parts = [
    `read back by ${readBy} on ${plural(images, 'image')}`,
    `largest difference ${largestDifference.toPrecision(2)}`,
  ];
  if (exactness !== 'float') parts.push(`same class on ${percent(agreement)}`);
  if (accuracy !== undefined && exactness !== 'float') {
    const { exported, trained } = accuracy;
    parts.push(`accuracy ${percent(exported)} for ${percent(trained)}`);
  }
  return `${format}: ${shortPath(folder)} (${parts.join(', ')})`;
}

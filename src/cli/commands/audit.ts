import type { Output } from '../../outputs/index.ts';
import { audit } from '../../pipeline/audit.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { CONFIG_OPTIONS, configSettings } from '../config-sources.ts';
import { openPage } from '../open-page.ts';
import { auditLines } from '../report/audit.ts';

export const command: Command = {
  usage: 'audit FOLDER [flags]',
  description: [
    'Looks for what is wrong with the images, before or after training: labels that are probably wrong,',
    'with the likely class; copies with different labels, or on both sides of a split; images that are',
    'like no other; blank, dark, tiny, blurred and broken ones; classes that cannot be told apart.',
    'Writes audit.csv, with a column for decisions, and audit.html, where each suspect can be kept, given',
    'another class or dropped with a key. `train --decisions audit.csv` follows the decisions. No image is',
    'changed, moved or deleted.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images' },
  options: [
    ...CONFIG_OPTIONS,
    {
      name: 'to',
      kind: 'text',
      value: 'FOLDER',
      description: 'where audit.csv and audit.html are written: by default this folder',
    },
    { name: 'overwrite', kind: 'boolean', description: 'replace an audit.csv that is there' },
    { name: 'open', kind: 'boolean', description: 'open the page in the browser' },
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
  ],
  takesConfig: true,
  examples: [
    ['vggtune audit photos --open', 'look at the suspects, and decide'],
    ['vggtune train photos --decisions audit.csv', 'train without what was dropped'],
    ['vggtune audit photos --json', 'all findings, for a program'],
  ],
  run,
};

async function run(args: Arguments, context: Context): Promise<Outcome<Output<'audit'>>> {
  const { terminal, storage, emit, signal, environment } = context;
  const settings = configSettings(args, environment);
  const out = args.text('to');
  const report = await audit({
    ...{ settings, storage, emit, signal },
    offline: args.flag('offline'),
    overwrite: args.flag('overwrite'),
    ...(out !== undefined && { out }),
  });
  if (args.flag('open') && !(await openPage(report.page))) {
    terminal.note('there is no program to open the page with: open the file in a browser');
  }
  return { document: report, text: auditLines(report, terminal).join('\n') };
}

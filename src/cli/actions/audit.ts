import type { Output } from '../../outputs/index.ts';
import { audit } from '../../pipeline/audit.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSettings } from '../config-sources.ts';
import { openPage } from '../open-page.ts';
import { auditLines } from '../report/audit.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'audit'>>> {
  const { terminal, storage, emit, signal, environment } = context;
  const settings = configSettings(args, environment);
  const out = args.text('to');
  const report = await audit({
    settings,
    storage,
    emit,
    signal,
    offline: args.flag('offline'),
    overwrite: args.flag('overwrite'),
    ...(out !== undefined && { out }),
  });
  if (args.flag('open') && !(await openPage(report.page))) {
    terminal.note('there is no program to open the page with: open the file in a browser');
  }
  return { document: report, text: auditLines(report, terminal).join('\n') };
}

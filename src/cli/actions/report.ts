import type { Output } from '../../outputs/index.ts';
import { report } from '../../pipeline/report.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { openPage } from '../open-page.ts';
import { shortPath } from '../shell.ts';
import { printable } from '../width.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'report'>>> {
  const out = args.text('out');
  const { storage, signal, emit, terminal } = context;
  const runs = args.positionals;
  const made = await report({ runs, storage, signal, emit, ...(out !== undefined && { out }) });
  if (args.flag('open') && !(await openPage(made.report))) {
    terminal.note('there is no program to open the page with: open the file in a browser');
  }
  const lines = [...made.missing, `written ${shortPath(made.report)}`];
  return { document: { runs, ...made }, text: lines.map(printable).join('\n') };
}

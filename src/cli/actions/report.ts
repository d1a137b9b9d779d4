import type { Output } from '../../outputs/index.ts';
import { report } from '../../pipeline/report.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { openPage } from '../open-page.ts';
import { pageToStdout, withoutFiles } from '../page-to-stdout.ts';
import { shortPath } from '../shell.ts';
import { printable } from '../width.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'report'>>> {
  const out = args.text('out');
  if (out === '-') return toStdout(args, context);
  const { storage, signal, emit, terminal } = context;
  const runs = args.positionals;
  const made = await report({ runs, storage, signal, emit, ...(out !== undefined && { out }) });
  if (args.flag('open') && !(await openPage(made.report))) {
    terminal.note('there is no program to open the page with: open the file in a browser');
  }
  const lines = [...made.missing, `written ${shortPath(made.report)}`];
  return { document: { runs, ...made }, text: lines.map(printable).join('\n') };
}

/** Prints the page itself. What is missing in it goes to stderr. */
async function toStdout(
  args: Arguments,
  { storage, signal, emit, terminal }: Context,
): Promise<Outcome<Output<'report'>>> {
  const runs = args.positionals;
  const { made, text } = await pageToStdout(args, '--out', (out) =>
    report({ runs, storage, signal, out, emit: withoutFiles(emit) }),
  );
  for (const line of made.missing) terminal.note(printable(line));
  return { document: { runs, ...made, report: '-' }, text, forPrograms: true };
}

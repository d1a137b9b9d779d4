import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usageError } from '../../base/errors.ts';
import type { Output } from '../../outputs/index.ts';
import { report } from '../../pipeline/report.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { openPage } from '../open-page.ts';
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
  const other = ['json', 'open'].find((name) => args.flag(name));
  if (other !== undefined) {
    const fix = `leave out --${other}, or name a file`;
    throw usageError(`--out - prints the page on stdout, and --${other} wants it in a file`, {
      where: '--out',
      fix,
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-report-'));
  try {
    const made = await report({
      runs: args.positionals,
      storage,
      signal,
      out: join(folder, 'report.html'),
      // The file is gone when the command ends.
      emit: (event) => (event.type === 'file' ? undefined : emit(event)),
    });
    for (const line of made.missing) terminal.note(printable(line));
    const text = (await readFile(made.report, 'utf8')).trimEnd();
    return { document: { runs: args.positionals, ...made, report: '-' }, text, forPrograms: true };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

import { usageError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { EXPLAIN_TOPICS, HEADS } from '../../config/names.ts';
import type { Output } from '../../outputs/index.ts';
import { type ExplainRequest, explain } from '../../pipeline/inspect/explain.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { wholeNumber } from '../number-arguments.ts';
import { openPage } from '../open-page.ts';
import { pageToStdout, withoutFiles } from '../page-to-stdout.ts';
import { explainedLines } from '../report/explain.ts';

/** The network that is explained where none is named: its weights are in the package. */
const USUAL = 'vgg-nano';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'explain'>>> {
  const page = args.text('page');
  if (page === '-') return toStdout(args, context);
  if (args.flag('open') && page === undefined) {
    throw usageError('--open wants a page', { where: '--open', fix: 'name it with --page FILE' });
  }
  const { terminal } = context;
  const explained = await explain(requestOf(args, context, page));
  if (args.flag('open') && explained.page !== undefined && !(await openPage(explained.page))) {
    terminal.note('there is no program to open the page with: open the file in a browser');
  }
  return { document: explained, text: explainedLines(explained, terminal).join('\n') };
}

/** Prints the page itself. */
async function toStdout(args: Arguments, context: Context): Promise<Outcome<Output<'explain'>>> {
  const emit = withoutFiles(context.emit);
  const { made, text } = await pageToStdout(args, '--page', (page) =>
    explain(requestOf(args, { ...context, emit }, page)),
  );
  return { document: { ...made, page: '-' }, text, forPrograms: true };
}

function requestOf(
  args: Arguments,
  { storage, emit, signal }: Context,
  page: string | undefined,
): ExplainRequest {
  const [found = '', subject = USUAL] = args.positionals;
  const topic = EXPLAIN_TOPICS.find((each) => each === found);
  if (topic === undefined) throw unknownTopic(found);
  const head = HEADS.find((name) => name === args.text('head'));
  return {
    topic,
    subject,
    storage,
    emit,
    signal,
    ...(head !== undefined && { head }),
    ...numberOf(args, 'size'),
    ...numberOf(args, 'classes'),
    ...(page !== undefined && { page }),
  };
}

function numberOf(args: Arguments, name: 'size' | 'classes') {
  const text = args.text(name);
  return text === undefined ? {} : { [name]: wholeNumber(`--${name}`, text) };
}

function unknownTopic(found: string): Error {
  const fix = didYouMean(found, EXPLAIN_TOPICS) ?? 'name one of them: vggtune explain dense';
  const expected = `one of ${EXPLAIN_TOPICS.join(', ')}`;
  return usageError(`there is nothing to explain about "${found}"`, { expected, found, fix });
}

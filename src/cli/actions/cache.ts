import { parseLimit } from '../../base/cache-limit.ts';
import { usageError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Output } from '../../outputs/index.ts';
import type { CacheEntry } from '../../pipeline/inspect/cache.ts';
import { listCache, pruneCache } from '../../pipeline/inspect/cache.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { bytes, plural } from '../number-formats.ts';
import { table } from '../table.ts';

type Action = (args: Arguments, context: Context) => Promise<Outcome<Output<'cache'>>>;

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'cache'>>> {
  const [word = ''] = args.positionals;
  const action = ACTIONS[word as keyof typeof ACTIONS];
  if (action === undefined || !Object.hasOwn(ACTIONS, word)) throw unknownAction(word);
  return action(args, context);
}

const list: Action = async (_args, { terminal, storage }) => {
  const report = await listCache(storage);
  const columns = [
    { header: 'kind' },
    { header: 'name', shrinks: true },
    { header: 'size', align: 'right' as const },
    { header: 'last used', optional: true },
  ];
  const [header = '', ...lines] = table(columns, report.entries.map(cells), terminal.width);
  const total = `${bytes(report.bytes)} in ${report.folder}`;
  const text = report.entries.length === 0 ? [] : [terminal.paint('dim', header), ...lines, ''];
  return { document: report, text: [...text, total].join('\n') };
};

const prune: Action = async (args, { storage }) => {
  const to = args.text('to');
  const pruned = await pruneCache(storage, {
    all: args.flag('all'),
    ...(to !== undefined && { limit: parseLimit(to, '--to') }),
  });
  const text = `removed ${plural(pruned.removed.length, 'item')}, ${bytes(pruned.freed)}, from ${pruned.folder}`;
  return { document: pruned, text };
};

const ACTIONS = { list, prune };

function cells({ kind, name, bytes: size, used }: CacheEntry): string[] {
  return [kind, name, bytes(size), used.slice(0, 16).replace('T', ' ')];
}

function unknownAction(word: string): Error {
  const names = Object.keys(ACTIONS);
  return usageError(`cache cannot "${word}"`, {
    expected: `one of ${names.join(', ')}`,
    fix: didYouMean(word, names) ?? 'vggtune cache --help tells what each does',
  });
}

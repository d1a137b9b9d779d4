import { EXIT_CODES, usageError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Output } from '../../outputs/index.ts';
import {
  fetchWeights,
  importWeights,
  listWeights,
  verifyWeights,
  type WeightsCheck,
  weightsPath,
} from '../../pipeline/inspect/weights.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { bytes } from '../number-formats.ts';
import { shortPath } from '../shell.ts';
import { table } from '../table.ts';

type Action = (
  name: string | undefined,
  args: Arguments,
  context: Context,
) => Promise<Outcome<Output<'weights'>>>;

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'weights'>>> {
  const [word = '', name] = args.positionals;
  const action = ACTIONS[word as keyof typeof ACTIONS];
  if (action === undefined || !Object.hasOwn(ACTIONS, word)) throw unknownAction(word);
  return action(name, args, context);
}

const EMBEDDED = 'vgg-nano comes with vggtune: there is nothing to fetch.';

const list: Action = async (_name, _args, { terminal, storage }) => {
  const sources = await listWeights(storage);
  const columns = [
    { header: 'name' },
    { header: 'size', align: 'right' as const },
    { header: 'top-1', align: 'right' as const },
    { header: 'licence', shrinks: true },
    { header: 'here' },
  ];
  const rows = sources.map((source) => [
    source.id,
    source.bytes === undefined ? '-' : bytes(source.bytes),
    source.top1 === undefined ? '-' : `${source.top1.toFixed(1)} %`,
    source.licence,
    source.cached ?? '-',
  ]);
  const [header = '', ...lines] = table(columns, rows, terminal.width);
  return {
    document: { sources },
    text: [terminal.paint('dim', header), ...lines, EMBEDDED].join('\n'),
  };
};

const fetch: Action = async (name, args, { storage, emit, signal }) => {
  const part = args.flag('all') ? 'all' : 'features';
  const offline = args.flag('offline');
  const path = await fetchWeights(needed('fetch', name), { storage, part, offline, emit, signal });
  return { document: { path }, text: shortPath(path) };
};

const verify: Action = async (name, _args, { storage }) => {
  const files = await verifyWeights(storage, name);
  const lines = files.map(
    ({ problem, checked, path }) =>
      `${problem ?? (checked && CHECKED[checked])}: ${shortPath(path)}`,
  );
  const bad = files.some(({ problem }) => problem !== undefined);
  return {
    document: {
      files: files.map((file) => ({
        ...file,
        problem: file.problem ?? null,
        checked: file.checked ?? null,
      })),
    },
    text: lines.length === 0 ? 'no weights are on this machine' : lines.join('\n'),
    exitCode: bad ? EXIT_CODES.unavailable : EXIT_CODES.ok,
  };
};

/** The verdicts, none of which claims more than what was compared. */
const CHECKED: Readonly<Record<WeightsCheck, string>> = {
  published: 'as published',
  'published-32-bits': 'as published, by the 32 bits of a hash that are published',
  'own-hash':
    'not checked: no hash of the convolutions alone is published; undamaged since it was fetched',
};

const importFile: Action = async (name, _args, { storage }) => {
  const imported = await importWeights(needed('import', name), storage);
  return {
    document: imported,
    text: `${imported.source}, ${CHECKED[imported.checked]}: ${shortPath(imported.path)}`,
  };
};

const path: Action = async (name, _args, { storage }) => {
  const found = await weightsPath(storage, name);
  return { document: { path: found }, text: found };
};

const ACTIONS = { list, fetch, verify, import: importFile, path };

function needed(action: string, name: string | undefined): string {
  if (name !== undefined) return name;
  const [what, word] = action === 'import' ? ['a file', 'FILE'] : ['a network', 'NAME'];
  throw usageError(`weights ${action} needs ${what}`, {
    fix: `usage: vggtune weights ${action} ${word}`,
  });
}

function unknownAction(word: string): Error {
  const names = Object.keys(ACTIONS);
  return usageError(`weights cannot "${word}"`, {
    expected: `one of ${names.join(', ')}`,
    fix: didYouMean(word, names) ?? 'vggtune weights --help tells what each does',
  });
}

import { readFile } from 'node:fs/promises';
import { usageError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { SHELLS } from '../../config/names.ts';
import type { Output } from '../../outputs/index.ts';
import type { Arguments, Outcome } from '../command.ts';

export async function run(args: Arguments): Promise<Outcome<Output<'completion'>>> {
  const [word = ''] = args.positionals;
  const shell = SHELLS.find((name) => name === word);
  if (shell === undefined) throw unknownShell(word);
  const file = new URL(`../../../assets/completion/vggtune.${shell}`, import.meta.url);
  const script = await readFile(file, 'utf8');
  return { document: { shell, script }, text: script.trimEnd(), forPrograms: true };
}

function unknownShell(word: string): Error {
  return usageError(`there is no completion for "${word}"`, {
    expected: `one of ${SHELLS.join(', ')}`,
    fix: didYouMean(word, SHELLS) ?? 'vggtune completion --help says where each script goes',
  });
}

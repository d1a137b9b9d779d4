import type { Command, WordKind } from '../command.ts';
import { COMMANDS } from '../command-list.ts';
import { GLOBAL_OPTIONS } from '../global-options.ts';
import { splitCommand } from '../split-command.ts';
import { runsFor } from './runs.ts';
import { type Flag, flagOfField, flagOfOption } from './values.ts';

/** What may stand where the cursor is. */
export interface Suggestions {
  /** Paths that the shell itself shall offer as well. */
  readonly paths: 'none' | 'file' | 'folder';
  readonly words: readonly Suggested[];
}

export interface Suggested {
  readonly word: string;
  readonly description?: string;
}

/**
 * Completes the last of the words of a command line, by the same table that parses it.
 * @param words the words behind `vggtune`; the last one, which may be empty, is the one that is being written
 */
export async function suggest(words: readonly string[]): Promise<Suggestions> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const { name, rest } = splitCommand(before);
  const row = COMMANDS.find((each) => each.name === name);
  if (row === undefined)
    return name === undefined || name === 'help' ? start(before, current) : NOTHING;
  const command = await row.load();
  const flags = await flagsOf(command);
  return suggestFor({ command, flags, before: rest, current });
}

const NOTHING: Suggestions = { paths: 'none', words: [] };

async function flagsOf({ options, takesConfig }: Command): Promise<Flag[]> {
  const fields = takesConfig === true ? (await import('../../config/fields.ts')).CONFIG_FIELDS : [];
  return [
    ...options.map(flagOfOption),
    ...fields.map(flagOfField),
    ...GLOBAL_OPTIONS.map(flagOfOption),
  ];
}

/** Where there is no command yet. */
async function start(before: readonly string[], current: string): Promise<Suggestions> {
  const version = { names: ['--version'], description: 'show the version', repeats: false };
  const flags = [...GLOBAL_OPTIONS.map(flagOfOption), version];
  const value = await flagValue(flags, before, current);
  if (value !== undefined) return value;
  if (current.startsWith('-')) return flagNames(flags, before, current);
  const commands = COMMANDS.map(({ name, summary }) => ({ word: name, description: summary }));
  return { paths: 'none', words: beginning(commands, current) };
}

interface Line {
  readonly command: Command;
  readonly flags: readonly Flag[];
  readonly before: readonly string[];
  readonly current: string;
}

async function suggestFor({ command, flags, before, current }: Line): Promise<Suggestions> {
  const ended = before.includes('--');
  const value = ended ? undefined : await flagValue(flags, before, current);
  if (value !== undefined) return value;
  if (current.startsWith('-') && !ended) return flagNames(flags, before, current);
  const { words, most } = command.positionals;
  const at = positionalsIn(flags, before);
  const kind = at < most ? (words[at] ?? words.at(-1)) : undefined;
  return kind === undefined ? NOTHING : wordsOf(kind, current);
}

const flagNamed = (flags: readonly Flag[], name: string) =>
  flags.find(({ names }) => names.includes(name));

/** The values of the flag that the word belongs to: `--strategy he`, `--strategy=he`. */
async function flagValue(
  flags: readonly Flag[],
  before: readonly string[],
  current: string,
): Promise<Suggestions | undefined> {
  const [, name, text = ''] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined) {
    const kind = flagNamed(flags, name)?.value;
    if (kind === undefined) return NOTHING;
    const { paths, words } = await wordsOf(kind, text);
    return { paths, words: words.map((each) => ({ ...each, word: `${name}=${each.word}` })) };
  }
  const flag = flagNamed(flags, before.at(-1) ?? '');
  const isFlag = current.startsWith('-') && flag?.valueOptional === true;
  return flag?.value === undefined || isFlag ? undefined : wordsOf(flag.value, current);
}

function flagNames(
  flags: readonly Flag[],
  before: readonly string[],
  current: string,
): Suggestions {
  const left = flags.filter(
    ({ names, repeats }) => repeats || !names.some((name) => before.includes(name)),
  );
  const words = left.flatMap(({ names, description }) =>
    names.filter((name) => name.startsWith('--')).map((word) => ({ word, description })),
  );
  return { paths: 'none', words: beginning(words, current) };
}

/** How many words that are neither flags nor their values come before. */
function positionalsIn(flags: readonly Flag[], words: readonly string[]): number {
  const end = words.indexOf('--');
  const asked = end === -1 ? words : words.slice(0, end);
  const own = asked.filter((word, at) => {
    const flag = flagNamed(flags, asked[at - 1] ?? '');
    return !word.startsWith('-') && flag?.value === undefined;
  });
  return own.length + (end === -1 ? 0 : words.length - end - 1);
}

/** Names first; where none of them begins like the word, it is a path. */
async function wordsOf(
  { names = [], paths, list = false }: WordKind,
  current: string,
): Promise<Suggestions> {
  const done = list ? current.slice(0, current.lastIndexOf(',') + 1) : '';
  const named = beginning(
    names.map((name) => ({ word: done + name })),
    current,
  );
  const runs = paths === 'run' ? await runsFor(current) : [];
  const words = [...named, ...runs.map((word) => ({ word }))];
  if (paths === undefined || (words.length > 0 && paths === 'run')) return { paths: 'none', words };
  // A model that lies elsewhere has no run around it.
  return { paths: paths === 'run' ? 'file' : paths, words };
}

const beginning = (words: readonly Suggested[], current: string) =>
  words.filter(({ word }) => word.startsWith(current));

/** The suggestions as the scripts of the shells read them: which paths, then a line for each word. */
export function suggestionLines({ paths, words }: Suggestions): string[] {
  const oneLine = (text: string) => text.replace(/\s+/g, ' ');
  return [
    paths,
    ...words.map(({ word, description }) =>
      description === undefined ? word : `${word}\t${oneLine(description)}`,
    ),
  ];
}

/** Flags of every command whose value is the next word. */
export const TAKES_A_VALUE: ReadonlySet<string> = new Set(['--cache', '--log-format']);

/** The first word that is no flag is the command, wherever it stands. */
export function splitCommand(words: readonly string[]): {
  readonly name: string | undefined;
  readonly rest: readonly string[];
} {
  const at = words.findIndex(
    (word, index) => !word.startsWith('-') && !TAKES_A_VALUE.has(words[index - 1] ?? ''),
  );
  return { name: words[at], rest: at === -1 ? words : words.toSpliced(at, 1) };
}

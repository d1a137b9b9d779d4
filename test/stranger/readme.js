// What README.md says: each step of the stranger is taken from there, word for word.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = fileURLToPath(new URL('../../README.md', import.meta.url));

/**
 * @param page the text of README.md
 * @param words a command, without what follows it on its line
 * @returns whether the page has the command: as a line of a block of commands, or as code within a sentence
 */
export function says(page, words) {
  const lines = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block]) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim());
  const code = [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)];
  return [...lines, ...code.map(([, text]) => text)].includes(words);
}

/** @throws Error where README.md does not say what a stranger is about to do */
export function mustSay(words) {
  if (!says(readFileSync(PAGE, 'utf8'), words))
    throw new Error(`README.md does not say: ${words}. A stranger could not know it.`);
}

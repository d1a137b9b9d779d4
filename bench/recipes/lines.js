import { readFile } from 'node:fs/promises';

/** The results in a file, a line of JSON each; none where there is no file. */
export async function linesOf(file) {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

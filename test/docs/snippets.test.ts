import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandsOf, NOT_RUN, NOT_RUN_KINDS, readSnippets } from './snippets.ts';

const snippets = readSnippets();
const commands = snippets.filter(({ kind }) => kind === 'sh').flatMap(commandsOf);

it.each(snippets.map((each) => [`${each.page}:${each.line}`, each.kind]))(
  '%s says what it is',
  (_, kind) => {
    expect(['sh', 'ts', 'yaml', ...Object.keys(NOT_RUN_KINDS)]).toContain(kind);
  },
);

it('what is not run stands in some page', () => {
  for (const start of Object.keys(NOT_RUN))
    expect(
      commands.some((line) => line.startsWith(start)),
      start,
    ).toBe(true);
  for (const kind of Object.keys(NOT_RUN_KINDS))
    expect(
      snippets.some((each) => each.kind === kind),
      kind,
    ).toBe(true);
});

describe('what is not run names things that there are', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = commands.filter((line) =>
    Object.keys(NOT_RUN).some((start) => line.startsWith(start)),
  );

  it.each(named)('%s', (line) => {
    for (const [, script = ''] of line.matchAll(/npm run ([\w:-]+)/g))
      expect(Object.keys(scripts)).toContain(script);
    for (const [, file = ''] of line.matchAll(/(?:node|python) ([\w/.-]+\.(?:js|py))/g))
      expect(existsSync(file), file).toBe(true);
  });
});

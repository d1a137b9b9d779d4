// What mutation testing found, as a table for docs/mutation.md.
import { readFileSync } from 'node:fs';

const total = (counts, ...kinds) => kinds.reduce((all, kind) => all + (counts[kind] ?? 0), 0);

/** The counts of several files as one. */
export function sum(results) {
  const all = {};
  for (const { counts } of results) {
    for (const [kind, count] of Object.entries(counts)) all[kind] = (all[kind] ?? 0) + count;
  }
  return all;
}

/** Of the mutants that could run: how many made a test fail, or never come to an end. */
function score(counts) {
  const noticed = total(counts, 'Killed', 'Timeout');
  const all = noticed + total(counts, 'Survived', 'NoCoverage');
  return all === 0 ? 'none' : `${((100 * noticed) / all).toFixed(1)} %`;
}

/** Markdown. */
export function table(results) {
  const rows = results.map(({ file, counts }) => {
    const { Killed = 0, Timeout = 0, Survived = 0, NoCoverage = 0 } = counts;
    const rest = total(counts, 'RuntimeError', 'CompileError', 'Ignored');
    return `| ${[file, Killed, Timeout, Survived, NoCoverage, rest, score(counts)].join(' | ')} |`;
  });
  return [
    '| file | killed | timed out | survived | not reached | left out | score |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

/** Each unnoticed mutant: where, and what stood there instead. */
export function survivors(results) {
  return results
    .flatMap(({ file, unnoticed }) => {
      const lines = readFileSync(file, 'utf8').split('\n');
      return unnoticed.map(({ status, mutatorName, line, column, replacement }) =>
        [
          `${file}:${line}:${column + 1} ${status} ${mutatorName}`,
          `  - ${lines[line - 1]?.trim()}`,
          `  + ${replacement.replace(/\s+/g, ' ').slice(0, 120)}`,
        ].join('\n'),
      );
    })
    .join('\n');
}

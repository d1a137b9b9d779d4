const sum = (key) => (lines) => lines.reduce((total, line) => total + (line[key] ?? 0), 0);
const of =
  (...verdicts) =>
  (lines) =>
    lines.filter(({ verdict }) => verdicts.includes(verdict)).length;

const COLUMNS = {
  faults: sum('faults'),
  kills: sum('kills'),
  'honest errors': sum('errors'),
  chains: (lines) => lines.length,
  'ended the same': of('same'),
  lost: of('lost'),
  faked: of('faked'),
  hang: of('hang'),
  'crash or litter': of('crash', 'litter'),
};

const row = (name, lines) =>
  `| ${[name, ...Object.values(COLUMNS).map((count) => count(lines))].join(' | ')} |`;

/** Faults by kind, as a table of Markdown. */
export function table(lines, kinds) {
  const head = ['kind', ...Object.keys(COLUMNS)];
  const rows = kinds
    .map((kind) => [kind, lines.filter((line) => line.kind === kind)])
    .filter(([, some]) => some.length > 0)
    .map(([kind, some]) => row(kind, some));
  const rule = `| --- |${' ---: |'.repeat(head.length - 1)}`;
  return [`| ${head.join(' | ')} |`, rule, ...rows, row('all', lines)].join('\n');
}

/** What runs were at when they were killed, by their log. */
export function stageTable(lines) {
  const counts = new Map();
  for (const stage of lines.flatMap(({ stages = [] }) => stages)) {
    counts.set(stage, (counts.get(stage) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return [
    'killed after this line of the log:',
    ...sorted.map(([stage, count]) => `  ${stage}: ${count}`),
  ].join('\n');
}

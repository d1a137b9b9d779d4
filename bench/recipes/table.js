// The results of the bench as a Markdown table: a row a set, the mean of its choices of training pictures.

/** @param {readonly { set: string, seed: number, size: number, what: string, as?: string, backbone?: string, accuracy: number }[]} lines */
export function recipesTable(lines, { backbone: wanted, size }) {
  const named = lines
    .filter(({ backbone = 'vgg16', ...line }) => line.size === size && backbone === wanted)
    .map((line) => ({ ...line, column: columnOf(line) }));
  const columns = [...new Set(named.map(({ column }) => column))];
  const sets = [...new Set(named.map(({ set }) => set))];
  const cell = (set, column) => {
    const runs = named.filter((line) => line.set === set && line.column === column);
    if (runs.length === 0) return '';
    const mean = meanOf(runs.map(({ accuracy }) => accuracy));
    const few = runs.length < 3 ? ` (${runs.length})` : '';
    return `${(100 * mean).toFixed(1)}${few}`;
  };
  const whole = (column) => {
    const means = sets.map((set) => cell(set, column));
    if (means.some((mean) => mean === '' || mean.includes('('))) return '';
    return meanOf(means.map(Number)).toFixed(1);
  };
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    row([`${size} x ${size}`, ...columns]),
    row(['---', ...columns.map(() => '---')]),
    ...sets.map((set) => row([set, ...columns.map((column) => cell(set, column))])),
    row(['mean', ...columns.map(whole)]),
  ].join('\n');
}

const columnOf = ({ what, as = 'as it is' }) => (as === 'as it is' ? what : `${what}, ${as}`);

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

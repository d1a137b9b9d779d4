// The table of what was tried and found.

const COLUMNS = [
  ['reader', 12],
  ['inputs', 10],
  ['read', 9],
  ['refused', 9],
  ['crashes', 8],
  ['hangs', 6],
  ['memory', 7],
  ['slowest', 9],
  ['small', 9],
  ['multiple', 9],
  ['resident', 9],
  ['inputs/s', 9],
];

const line = (cells) =>
  cells
    .map((cell, at) => (at === 0 ? cell.padEnd(COLUMNS[0][1]) : cell.padStart(COLUMNS[at][1])))
    .join(' ');

export const header = () => line(COLUMNS.map(([name]) => name));

/** @param sums what `watchReader` gives */
export function row(name, sums) {
  return line([
    name,
    String(sums.inputs),
    String(sums.read),
    String(sums.refused),
    String(sums.crashes),
    String(sums.hangs),
    String(sums.memory),
    `${Math.round(sums.slowest)} ms`,
    `${Math.ceil(sums.peak / 1024)} KiB`,
    sums.multiple.toFixed(1),
    `${Math.ceil(sums.resident / 2 ** 20)} MiB`,
    String(Math.round(sums.inputs / sums.seconds)),
  ]);
}

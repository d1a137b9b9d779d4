// How long `vggtune --help` takes from start to end, beside a Node.js that does nothing.
//
//   npm run build && node bench/start.js
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/vggtune.js', import.meta.url));
const ROUNDS = 15;

function seconds(words) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, words);
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}`);
  return (performance.now() - started) / 1000;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const rounds = Array.from({ length: ROUNDS }, () => ({
  nothing: seconds(['-e', '0']),
  help: seconds([BIN, '--help']),
}));
const nothing = median(rounds.map((round) => round.nothing));
const help = median(rounds.map((round) => round.help));
const best = Math.min(...rounds.map((round) => round.help));
console.log(
  `--help ${help.toFixed(3)} s (best ${best.toFixed(3)}), Node.js alone ${nothing.toFixed(3)} s; median of ${ROUNDS} rounds, wanted: at most 0.3 s`,
);

// What was measured, as Markdown.
import { mean, points, row, spread } from './figures.js';
import { COMPARED } from './methods.js';
import { trialOf } from './transfer-data.js';

/** Points by which `head` should lead each other way. */
const WANTED = { twitter: 0.15, stamps: 0.08, clipart: 0.08, icons: 0.08 };

export function compareTable(rows, { seeds, perClass }) {
  const others = Object.entries(COMPARED).filter(([name]) => name !== 'head');
  const titles = others.flatMap(([, { title }]) => [title, 'head is ahead by']);
  const lines = [row(['data', 'head', ...titles, 'wanted'])];
  lines.push(row(Array(3 + titles.length).fill('---')));
  for (const { pool, accuracies } of rows) {
    const cells = others.flatMap(([name]) => [
      spread(accuracies[name]),
      points(lead(accuracies, name)),
    ]);
    const least = Math.min(...others.map(([name]) => lead(accuracies, name)));
    const wanted = WANTED[pool.name];
    const verdict = `${points(wanted)}: ${least >= wanted ? 'reached' : 'not reached'}`;
    lines.push(row([pool.name, spread(accuracies.head), ...cells, verdict]));
  }
  const sets = rows.map(({ pool }) => setText(pool, { perClass }));
  return [...lines, '', shared(seeds), ...sets, ''].join('\n');
}

const lead = (accuracies, name) => mean(accuracies.head) - mean(accuracies[name]);

const shared = (seeds) =>
  `Test accuracy in per cent, mean and standard deviation over ${seeds.length} choices of the training images; nothing is rounded up.`;

function setText(pool, choice) {
  const { train, test, labels } = trialOf(pool, { seed: 0, ...choice });
  return `${pool.name}: ${labels.length} classes (${labels.join(', ')}), ${train.length} images to train on, ${test.length} to test.`;
}

export function curveTable(lines, { pool, seeds }) {
  const sizes = lines[0].points.map(({ perClass }) => perClass);
  const reserved = Math.max(...sizes);
  const pictures = (perClass) => trialOf(pool, { seed: 0, perClass, reserved }).train.length;
  return [
    row(['a class', ...sizes]),
    row(Array(1 + sizes.length).fill('---')),
    row(['in all', ...sizes.map(pictures)]),
    ...lines.map(({ name, points: all }) =>
      row([name, ...all.map(({ accuracies }) => spread(accuracies))]),
    ),
    '',
    shared(seeds),
    `${setText(pool, { perClass: reserved })} The test pictures of a choice are the same for every size; a class with fewer than ${reserved + 10} pictures keeps ten or more of them to test and trains on at most the rest.`,
    '',
  ].join('\n');
}

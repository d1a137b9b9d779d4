// Accuracy against pictures a class as SVG, readable on light and on dark.
import { deviation, mean } from './figures.js';

const WIDTH = 640;
const HEIGHT = 400;
const AREA = { left: 56, right: 536, top: 20, bottom: 348 };
/** Light and dark; told apart by those who see few colours, and by the marks. */
const COLOURS = {
  head: ['#0b62c4', '#6cb2ff'],
  all: ['#b3540a', '#ffa85c'],
  top: ['#1a7f4b', '#5fd39a'],
  scratch: ['#6b6b73', '#b4b4be'],
};
/** Points of one size lie beside each other, so that their bars can be seen. */
const APART = 5;

/** @param {{ name: string, points: { perClass: number, accuracies: number[] }[] }[]} lines */
export function plot(lines) {
  const sizes = lines[0].points.map(({ perClass }) => perClass);
  const [low, high] = [sizes[0], sizes.at(-1)].map(Math.log2);
  const all = lines.flatMap(({ points }) => points.flatMap(({ accuracies }) => accuracies));
  const top = Math.min(1, Math.ceil(10 * Math.max(...all)) / 10);
  const x = (size) =>
    AREA.left + 24 + ((Math.log2(size) - low) / (high - low)) * (AREA.right - AREA.left - 48);
  const y = (share) => AREA.bottom - (share / top) * (AREA.bottom - AREA.top);
  const curves = lines.map((line, at) => curve(line, { x, y, shift: (at - 1.5) * APART }));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>Test accuracy against training images a class</title>
<style>${styles()}</style>
<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>
${axes({ x, y, sizes, top })}
${curves.join('\n')}
${legend(lines, y)}
</svg>
`;
}

function styles() {
  const rules = (shade) =>
    Object.entries(COLOURS)
      .map(([name, pair]) => `.${name}{stroke:${pair[shade]};fill:${pair[shade]}}`)
      .join('');
  return `.back{fill:#fff}.grid{stroke:#d8d8de}.text{fill:#333}.line{fill:none;stroke-width:2}.bar{stroke-width:1.5}.name{stroke:none}${rules(0)}
.line{fill:none}.name{stroke:none}
@media (prefers-color-scheme: dark){.back{fill:#16181d}.grid{stroke:#3a3d46}.text{fill:#d6d6dc}${rules(1)}.line{fill:none}.name{stroke:none}}`;
}

function axes({ x, y, sizes, top }) {
  const shares = Array.from({ length: Math.round(top * 10) + 1 }, (_, step) => step / 10);
  const rows = shares.map(
    (share) =>
      `<path class="grid" d="M${AREA.left} ${y(share)}H${AREA.right}"/><text class="text" x="${AREA.left - 8}" y="${y(share) + 4}" text-anchor="end">${Math.round(100 * share)}</text>`,
  );
  const columns = sizes.map(
    (size) =>
      `<text class="text" x="${x(size)}" y="${AREA.bottom + 20}" text-anchor="middle">${size}</text>`,
  );
  const middle = (AREA.top + AREA.bottom) / 2;
  return [
    ...rows,
    ...columns,
    `<text class="text" x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">training images a class</text>`,
    `<text class="text" transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle">test accuracy, %</text>`,
  ].join('\n');
}

function curve({ name, points }, { x, y, shift }) {
  const at = points.map(({ perClass, accuracies }) => {
    const middle = mean(accuracies);
    const by = deviation(accuracies);
    const left = x(perClass) + shift;
    return { left, top: y(middle), from: y(middle - by), to: y(middle + by) };
  });
  const path = at.map(({ left, top }) => `${left.toFixed(1)} ${top.toFixed(1)}`).join('L');
  const bars = at.map(
    ({ left, from, to }) => `M${left.toFixed(1)} ${from.toFixed(1)}V${to.toFixed(1)}`,
  );
  const marks = at.map(({ left, top }) => mark(name, left, top));
  return `<g class="${name}"><path class="line" d="M${path}"/><path class="bar" d="${bars.join('')}"/>${marks.join('')}</g>`;
}

const MARKS = {
  head: 'm-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z',
  all: 'm-4 -4h8v8h-8z',
  top: 'm0 -5l5 9h-10z',
  scratch: 'm0 -5l5 5l-5 5l-5 -5z',
};

const mark = (name, left, top) =>
  `<path d="M${left.toFixed(1)} ${top.toFixed(1)}${MARKS[name]}" stroke="none"/>`;

/** Names at the ends of the lines, in their order and apart. */
function legend(lines, y) {
  const ends = lines
    .map(({ name, points }) => ({ name, top: y(mean(points.at(-1).accuracies)) }))
    .sort((a, b) => a.top - b.top);
  let last = Number.NEGATIVE_INFINITY;
  return ends
    .map(({ name, top }) => {
      last = Math.max(top, last + 18);
      const symbol = mark(name, AREA.right + 12, last);
      return `<g class="${name}">${symbol}<text class="name" x="${AREA.right + 22}" y="${last + 4}">${name}</text></g>`;
    })
    .join('\n');
}

import { groupBy } from '../base/group-by.ts';
import { worstFirst } from '../evaluation/image-predictions.ts';
import type { ImagePrediction } from '../run/record.ts';

/** Images of one kind of answer: a cell of the confusion matrix. */
export interface Cell {
  readonly is: string;
  readonly taken: string;
  /** All images of the cell. */
  readonly count: number;
  /** Those that are shown, the ones with the highest loss first. */
  readonly shown: readonly ImagePrediction[];
}

/** The images of which a report says something, each list with the most telling first. */
export interface ImageChoice {
  readonly worst: readonly ImagePrediction[];
  /** The ones whose answer had the lowest probability, and that are not among the worst. */
  readonly leastSure: readonly ImagePrediction[];
  readonly cells: readonly Cell[];
}

const LISTED = 24;
/** How many images of a cell are listed: more where the network was wrong. */
const OF_WRONG = 24;
const OF_RIGHT = 8;
/** The most images that all cells list; what is beyond it is counted. */
const IN_CELLS = 3000;

export function chooseImages(predictions: readonly ImagePrediction[]): ImageChoice {
  const ordered = worstFirst(predictions);
  const worst = ordered.filter(isWrong).slice(0, LISTED);
  const named = new Set(worst);
  const leastSure = [...predictions]
    .filter((each) => !named.has(each))
    .sort((a, b) => confidence(a) - confidence(b))
    .slice(0, LISTED);
  return { worst, leastSure, cells: limited(cellsOf(ordered)) };
}

export const isWrong = ({ label, guesses: [first] }: ImagePrediction) => first?.label !== label;

export const confidence = ({ guesses: [first] }: ImagePrediction) => first?.probability ?? 0;

/** The cells that hold images, those of mistakes first, the fullest of them first. */
function cellsOf(ordered: readonly ImagePrediction[]): Cell[] {
  const answered = ordered.filter(({ guesses }) => guesses.length > 0);
  const rows = groupBy(answered, ({ label, guesses }) =>
    JSON.stringify([label, guesses[0]?.label]),
  );
  const cells = [...rows.values()].map((images) => {
    const [{ label: is, guesses } = { label: '', guesses: [] }] = images;
    const taken = guesses[0]?.label ?? '';
    const shown = images.slice(0, is === taken ? OF_RIGHT : OF_WRONG);
    return { is, taken, count: images.length, shown };
  });
  const isRight = ({ is, taken }: Cell) => Number(is === taken);
  return cells.sort((a, b) => isRight(a) - isRight(b) || b.count - a.count);
}

/** As many images of each cell as all cells together can have, the first ones of every cell before the second. */
function limited(cells: readonly Cell[]): Cell[] {
  const total = cells.reduce((sum, { shown }) => sum + shown.length, 0);
  if (total <= IN_CELLS) return [...cells];
  let most = OF_WRONG;
  const held = (limit: number) =>
    cells.reduce((sum, { shown }) => sum + Math.min(limit, shown.length), 0);
  while (most > 1 && held(most) > IN_CELLS) most--;
  let left = IN_CELLS;
  return cells.map((cell) => {
    const shown = cell.shown.slice(0, Math.min(most, left));
    left -= shown.length;
    return { ...cell, shown };
  });
}

/**
 * All images of a choice, each once, in the order in which they deserve a thumbnail: the worst, the least sure, then
 * near-duplicates, then the first of every cell, the second of every cell and so on.
 */
export function inOrderOfNeed(
  choice: ImageChoice | undefined,
  duplicates: readonly string[],
): readonly string[] {
  const { worst = [], leastSure = [], cells = [] } = choice ?? {};
  const deepest = Math.max(0, ...cells.map(({ shown }) => shown.length));
  const ranks = Array.from({ length: deepest }, (_, rank) => rank);
  const inCells = ranks.flatMap((rank) => cells.flatMap(({ shown }) => shown[rank] ?? []));
  const paths = (list: readonly ImagePrediction[]) => list.map(({ path }) => path);
  return [...new Set([...paths([...worst, ...leastSure]), ...duplicates, ...paths(inCells)])];
}

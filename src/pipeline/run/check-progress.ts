import type { Progress } from '../../training/checkpoint.ts';

/** Not yet looked at. */
type Form<T> = { readonly [K in keyof T]?: unknown };

/**
 * Where a run stands, from the text in a checkpoint.
 * @returns undefined where the text is none, or one that training cannot go on from
 */
export function progressOf(text: string): Progress | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isProgress(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isProgress(value: unknown): value is Progress {
  if (!isGroup(value)) return false;
  const { phase, epoch, batch, sums, history, before, startLosses, clear, stopped, judged } =
    value as Form<Progress>;
  return (
    [phase, epoch, batch].every(isCount) &&
    isGroup(sums) &&
    [sums.loss, sums.correct, sums.images].every(isNumber) &&
    isList(history, isFigures) &&
    (before === undefined || isFigures(before)) &&
    (startLosses === undefined || isList(startLosses, isNumber)) &&
    (clear === undefined || isList(clear, isFlag)) &&
    (stopped === undefined || isFlag(stopped)) &&
    (judged === undefined || isJudged(judged))
  );
}

function isJudged(value: unknown): boolean {
  if (!isGroup(value)) return false;
  const { history, before, best } = value;
  return (
    Array.isArray(history) &&
    history.every(isFigures) &&
    (before === undefined || isFigures(before)) &&
    Number.isInteger(best) &&
    Number(best) >= -1 &&
    Number(best) < history.length
  );
}

/** JSON has null for what is no finite number. */
const isNumber = (value: unknown) => typeof value === 'number' || value === null;
const isFlag = (value: unknown) => typeof value === 'boolean';
const isFigures = (value: unknown) => isGroup(value) && Object.values(value).every(isNumber);
const isList = (value: unknown, isItem: (item: unknown) => boolean) =>
  Array.isArray(value) && value.every(isItem);

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

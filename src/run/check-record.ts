import type { LabelledHash, MetricsRecord, PlanRecord, SplitRecord } from './record.ts';

/**
 * Describes what is wrong with the form of a record, or returns undefined. A run folder may come from someone
 * else, and without the check its readers would fail with errors that do not name the file.
 */
export const RECORD_PROBLEMS = {
  split: (record: Form<SplitRecord>) => {
    const { classes, nearDuplicates = [], ...sides } = record;
    if (!isTexts(classes)) return 'classes is no list of texts';
    const names = ['train', 'val', 'test'] as const;
    const wrong = names.find((side) => !isImages(sides[side], classes.length));
    if (wrong !== undefined) return `${wrong} is no list of images with a path, a hash and a label`;
    const isGroups = Array.isArray(nearDuplicates) && nearDuplicates.every(isTexts);
    return isGroups ? undefined : 'nearDuplicates is no list of lists of hashes';
  },
  plan: ({
    strategy,
    evidence,
    frozen,
    trained,
    parameters,
    provenance = {},
    startHash = '',
  }: Form<PlanRecord>) => {
    if (typeof strategy !== 'string') return 'strategy is no text';
    if (typeof startHash !== 'string') return 'startHash is no text';
    const lists = { evidence, frozen, trained };
    const wrong = Object.entries(lists).find(([, list]) => !isTexts(list));
    if (wrong !== undefined) return `${wrong[0]} is no list of texts`;
    if (!isFigures(parameters)) return 'parameters are no numbers';
    const facts = isGroup(provenance) && isTexts(Object.values(provenance));
    return facts ? undefined : 'provenance holds something else than texts';
  },
  metrics: ({ side, metrics, perClass, confusion }: Form<MetricsRecord>) => {
    if (typeof side !== 'string') return 'side is no text';
    if (!isFigures(metrics)) return 'metrics are no numbers';
    return Array.isArray(perClass) && Array.isArray(confusion)
      ? undefined
      : 'perClass or confusion is no list';
  },
} as const;

/** Not yet looked at. */
type Form<T> = { readonly [K in keyof T]?: unknown };

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

/** NaN is null in JSON. */
const isFigures = (value: unknown) =>
  isGroup(value) && Object.values(value).every((x) => typeof x === 'number' || x === null);

function isImages(value: unknown, classes: number): value is readonly LabelledHash[] {
  const isLabel = (label: unknown) =>
    typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < classes;
  return (
    Array.isArray(value) &&
    value.every(
      (image: unknown) =>
        isGroup(image) && isTexts([image.path, image.hash]) && isLabel(image.label),
    )
  );
}

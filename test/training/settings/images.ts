import { createRng } from '../../../src/base/rng.ts';
import { decodeBatches } from '../../../src/dataset/batches.ts';
import type { AugmentSpec } from '../../../src/dataset/types.ts';
import { digest, requestOf, type SettingCheck } from './check.ts';
import { type Changes, mainOf, type RecordedRun } from './recorded-run.ts';

const NONE: AugmentSpec = {
  flip: 0,
  rotate: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  hue: 0,
};

const firstRows = (run: RecordedRun) => mainOf(run).steps[0]?.batch.rows;

/** The pixels of the first step as the data set gives them. */
async function decoded(run: RecordedRun, augment: AugmentSpec, seed = 0) {
  const { index, split } = run.pictures;
  const images = createRng('shuffle', seed, 0, 0).shuffle(split.train).slice(0, 4);
  const { size, resize } = requestOf(run).network.preprocessing;
  const spec = { size, resize, background: '#ffffff' };
  const view = { kind: 'augmented', view: 0 } as const;
  const request = { root: index.root, images, spec, augment, seed, view, batchSize: 4 };
  for await (const { pixels } of decodeBatches(request)) return pixels;
  throw new Error('no image was decoded');
}

function augmented(
  name: string,
  value: unknown,
  { augment, given = {} }: { readonly augment: AugmentSpec; readonly given?: Changes },
): SettingCheck {
  return {
    path: `augment.${name}`,
    value,
    what: 'the pixels of a step',
    given,
    seen: (run) => digest(firstRows(run)),
    expected: async (run) => digest(await decoded(run, augment)),
  };
}

const CROP = { scale: [0.5, 1], ratio: [1, 1] } as const;
const CROPPED = { 'augment.crop': CROP };
const SCALE = [0.1, 0.2] as const;
const RATIO = [2, 3] as const;

/** Whether the second and the third epoch have the images of the first; one step an epoch. */
const repeats = (run: RecordedRun) => {
  const [first, ...others] = mainOf(run).steps.map(({ batch: { rows, count } }) => {
    const length = rows.length / count;
    const images = Array.from({ length: count }, (_, at) =>
      rows.subarray(at * length, (at + 1) * length).join(),
    );
    return images.sort().join(' ');
  });
  return others.map((other) => other === first);
};

/** Different pictures that a frozen prefix ran on, at most. */
const picturesRun = ({ recording }: RecordedRun) =>
  Math.max(...recording.forwards.map(({ rowSums }) => rowSums.size));

const TURNED = { 'augment.rotate': 90, epochs: 3, batchSize: 12 };

export const IMAGE_CHECKS: readonly SettingCheck[] = [
  {
    path: 'image.size',
    value: 64,
    what: "the network's input, and the rows",
    seen: (run) => [requestOf(run).network.preprocessing.size, firstRows(run)?.length],
    expected: () => [64, 4 * 64 * 64 * 3],
  },
  {
    path: 'image.background',
    value: '#102030',
    what: 'a pixel that is transparent',
    seen: (run) => [...(firstRows(run)?.subarray(0, 3) ?? [])],
    expected: () => [0x10, 0x20, 0x30],
  },
  augmented('crop', CROP, { augment: { ...NONE, crop: CROP } }),
  augmented('crop.scale', SCALE, {
    augment: { ...NONE, crop: { ...CROP, scale: SCALE } },
    given: CROPPED,
  }),
  augmented('crop.ratio', RATIO, {
    augment: { ...NONE, crop: { ...CROP, ratio: RATIO } },
    given: CROPPED,
  }),
  augmented('flip', 1, { augment: { ...NONE, flip: 1 } }),
  augmented('rotate', 30, { augment: { ...NONE, rotate: 30 } }),
  augmented('brightness', 0.5, { augment: { ...NONE, brightness: 0.5 } }),
  augmented('contrast', 0.5, { augment: { ...NONE, contrast: 0.5 } }),
  augmented('saturation', 0.5, { augment: { ...NONE, saturation: 0.5 } }),
  augmented('hue', 0.25, { augment: { ...NONE, hue: 0.25 } }),
  {
    path: 'seed',
    value: 7,
    what: 'the augmented pixels of a step',
    given: { 'augment.rotate': 30 },
    seen: (run) => digest(firstRows(run)),
    expected: async (run) => digest(await decoded(run, { ...NONE, rotate: 30 }, 7)),
  },
  {
    path: 'augment.views',
    value: 2,
    what: 'which epochs see the same pictures',
    given: TURNED,
    seen: repeats,
    expected: () => [false, true],
  },
  {
    path: 'augment.views',
    value: 0,
    what: 'that every epoch sees new pictures',
    given: TURNED,
    seen: repeats,
    expected: () => [false, false],
  },
  {
    path: 'augment.views',
    value: 3,
    what: 'how many pictures of each image the frozen layers run on',
    strategy: 'head',
    given: TURNED,
    seen: picturesRun,
    expected: (_, base) => picturesRun(base) + 2 * 12,
  },
];

import type { Copies, LabelSuspect, OddLook, Outlier } from '../../audit/findings.ts';
import { findLooks } from '../../audit/looks.ts';
import { isOutlier, outlierScores } from '../../audit/outliers.ts';
import { VggtuneError } from '../../base/errors.ts';
import { groupBy } from '../../base/group-by.ts';
import { type Appearance, appearanceOf } from '../../dataset/appearance.ts';
import { imagePath, printablePath } from '../../dataset/file-names.ts';
import { groupNamer, type NearDuplicateGroups } from '../../dataset/near-duplicate-groups.ts';
import type { DatasetIndex, ImageEntry } from '../../dataset/types.ts';
import type { ImageFeatures } from './image-features.ts';
import type { LabelFindings } from './label-findings.ts';

/** A label that is less probably wrong than this is not worth a look. */
const LEAST = 0.1;

/**
 * The labels that are more probably wrong than right, and, where more are wrong by expectation, as many of the next
 * ones: which of these are wrong nobody can say without looking. The surest come first.
 */
export function labelSuspects(
  { images }: Pick<ImageFeatures, 'images'>,
  { wrongness, wrong, likely, isSuspect }: LabelFindings,
  classes: readonly string[],
): readonly LabelSuspect[] {
  const surest = [...images.keys()].sort((a, b) => (wrongness[b] ?? 0) - (wrongness[a] ?? 0));
  return surest.flatMap((at, rank): LabelSuspect[] => {
    const [image, other, own = 0] = [images[at], likely[at], wrongness[at]];
    const isListed = isSuspect[at] === true || (rank < Math.round(wrong) && own >= LEAST);
    if (!isListed || image === undefined || other === undefined) return [];
    const { path, label } = image;
    return [
      {
        path: printablePath(path),
        label: classes[label] ?? '',
        likely: classes[other.label] ?? '',
        wrong: own,
        probability: other.probability,
      },
    ];
  });
}

/** The images that are out of place, the farthest first. */
export function outliersOf(
  { images, rows, problem }: ImageFeatures,
  classes: readonly string[],
): readonly Outlier[] {
  const scores = outlierScores(rows, { groups: problem.groups });
  return images
    .map(({ path, label }, at) => ({
      path: printablePath(path),
      label: classes[label] ?? '',
      score: scores[at] ?? 0,
    }))
    .filter(({ score }) => isOutlier(score))
    .sort((a, b) => b.score - a.score);
}

/** Groups of identical and nearly identical images; those with different labels come first, then leaks. */
export function copiesOf(
  { images, classes }: DatasetIndex,
  groups: NearDuplicateGroups,
): readonly Copies[] {
  const byGroup = groupBy(images, groupNamer(groups));
  return [...byGroup.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      images: group.map(({ path, label, side }) => ({
        path: printablePath(path),
        label: classes[label] ?? '',
        side: side ?? null,
      })),
      labelsDiffer: new Set(group.map(({ label }) => label)).size > 1,
      isLeak: new Set(group.map(({ side }) => side ?? 'train')).size > 1,
    }))
    .sort((a, b) => oddness(b) - oddness(a));
}

const oddness = ({ labelsDiffer, isLeak }: Copies) => 2 * Number(labelsDiffer) + Number(isLeak);

/** Images that are decoded at the same time: more than libuv has threads. */
const AT_ONCE = 8;

/** The images that are blank, dark, tiny or blurred. Those that became unreadable since the scan are left out. */
export async function oddLooks(
  { images, classes, root }: DatasetIndex,
  { background, signal }: { readonly background: string; readonly signal: AbortSignal },
): Promise<readonly OddLook[]> {
  const seen: { readonly image: ImageEntry; readonly appearance: Appearance }[] = [];
  for (let at = 0; at < images.length && !signal.aborted; at += AT_ONCE) {
    const some = images.slice(at, at + AT_ONCE);
    const looks = await Promise.all(
      some.map((image) => appearanceOf(imagePath(root, image.path), background).catch(gone)),
    );
    for (const [i, appearance] of looks.entries()) {
      const image = some[i];
      if (image !== undefined && appearance !== undefined) seen.push({ image, appearance });
    }
  }
  const looks = findLooks(seen.map(({ appearance }) => appearance));
  return seen.flatMap(({ image, appearance: { width, height } }, at): OddLook[] => {
    const look = looks[at];
    if (look === undefined) return [];
    const label = classes[image.label] ?? '';
    return [{ path: printablePath(image.path), label, look, width, height }];
  });
}

function gone(error: unknown): undefined {
  if (!(error instanceof VggtuneError)) throw error;
}

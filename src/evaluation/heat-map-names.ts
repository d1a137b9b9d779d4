import { join, parse, resolve, sep } from 'node:path';
import { printablePath } from '../dataset/file-names.ts';

/**
 * The path of each image's heat map: the image's name; where two images share a name, preceded by as many of
 * their folders as tell all apart; numbered where the paths do not differ.
 */
export function heatMapPaths(
  folder: string,
  images: readonly string[],
): ReadonlyMap<string, string> {
  const parts = images.map((image) => {
    const { dir, name } = parse(printablePath(resolve(image)));
    return [...dir.split(sep).filter((part) => part !== ''), name];
  });
  const deepest = Math.max(1, ...parts.map(({ length }) => length));
  const depths = Array.from({ length: deepest }, (_, i) => i + 1);
  const candidates = depths.map((depth) => parts.map((all) => all.slice(-depth).join('-')));
  const names = candidates.find(areDistinct) ?? parts.map((all, i) => `${all.at(-1)}-${i + 1}`);
  return new Map(images.map((image, i) => [image, join(folder, `${names[i]}.heat.png`)]));
}

/** Whether the names differ also without regard to case, which some file systems ignore. */
function areDistinct(names: readonly string[]): boolean {
  return new Set(names.map((name) => name.toLowerCase())).size === names.length;
}

import type { Shard } from '../../base/shard.ts';
import type { FeaturesReport } from '../../pipeline/features.ts';
import { grouped, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';

/** Renders what is in the cache now, and what to do next. */
export function featureLines(report: FeaturesReport, shard: Shard | undefined): string[] {
  const { strategy, layer, images, of, views, unreadable, folder } = report;
  const share = shard === undefined ? '' : `, share ${shard.index} of ${shard.count}`;
  const more = views === 0 ? '' : `, and ${plural(views, 'view')} of each training image`;
  return [
    `activations up to ${layer} of ${grouped(images)} of ${plural(of, 'image')}${share}${more}`,
    ...(unreadable === 0 ? [] : [`${plural(unreadable, 'image')} could not be read`]),
    `cache    ${shortPath(folder)}`,
    `next     vggtune train --strategy ${strategy}, with the same settings`,
  ];
}

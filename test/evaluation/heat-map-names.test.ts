import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { heatMapPaths } from '../../src/evaluation/heat-map-names.ts';

it('heat maps are named as their images, and told apart by folders, then by numbers', () => {
  const named = (...images: string[]) => [...heatMapPaths('out', images).values()];
  expect(named('a/x.png', 'b/y.jpg')).toEqual(['out/x.heat.png', 'out/y.heat.png']);
  expect(named('a/x.png', 'b/X.png')).toEqual(['out/a-x.heat.png', 'out/b-X.heat.png']);
  expect(named('a/x.png', 'a/x.jpg')).toEqual(['out/x-1.heat.png', 'out/x-2.heat.png']);
  expect(named('p/a/x.png', 'q/a/x.png', resolve('q/b/x.png'))).toEqual([
    'out/p-a-x.heat.png',
    'out/q-a-x.heat.png',
    'out/q-b-x.heat.png',
  ]);
});

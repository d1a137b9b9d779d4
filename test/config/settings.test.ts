import { describe, expect, it } from 'vitest';
import { Settings } from '../../src/config/settings.ts';

const layer = (values: Record<string, unknown>, origin = 'flags') => ({ origin, values });
const photos = Settings.of(layer({ data: 'photos', epochs: 7 }, 'a.yaml'), layer({ seed: 3 }));

describe('settings', () => {
  it('are resolved once for each strategy', () => {
    expect(photos.for('head')).toMatchObject({ strategy: 'head', epochs: 7, seed: 3 });
    expect(photos.for('head')).toBe(photos.for('head'));
    expect(photos.for('all').strategy).toBe('all');
  });

  it('do not change: another layer gives others, over all or below them', () => {
    const above = photos.with(layer({ seed: 4, epochs: 9 }));
    const below = photos.with(layer({ seed: 4, batchSize: 5 }, 'advice'), 'below');
    expect([photos, above, below].map((each) => each.for('head').seed)).toEqual([3, 4, 3]);
    expect(above.for('head').epochs).toBe(9);
    expect(below.for('head').batchSize).toBe(5);
  });

  it('take auto for head, or for scratch where weights are random', () => {
    expect([photos.strategy, photos.provisional]).toEqual(['auto', 'head']);
    const random = photos.with(layer({ weights: 'random' }));
    expect([random.strategy, random.provisional]).toEqual(['auto', 'scratch']);
    expect(random.for().strategy).toBe('scratch');
  });

  it('for another strategy than the one that is asked for', () => {
    const top = photos.with(layer({ strategy: 'top', freeze: 'pool3', weights: 'x.safetensors' }));
    expect(top.instead('all').for()).toMatchObject({ strategy: 'all', freeze: 'pool3' });
    const scratch = { strategy: 'scratch', freeze: null, weights: 'random' };
    expect(top.instead('scratch').for()).toMatchObject(scratch);
    expect(top.strategy).toBe('top');
  });

  it('say where each value came from', () => {
    const origins = new Map(photos.explain().map(({ path, origin }) => [path, origin]));
    expect(['epochs', 'seed', 'batchSize', 'cache'].map((path) => origins.get(path))).toEqual([
      'a.yaml',
      'flags',
      'strategy head',
      'default',
    ]);
    const { value } = photos.explain().find(({ path }) => path === 'strategy') ?? {};
    expect(value).toBe('auto');
    const open = Settings.of(layer({ data: 'photos' }));
    const from = new Map(open.explain().map(({ path, origin }) => [path, origin]));
    expect([from.get('strategy'), from.get('weights')]).toEqual(['default', 'default']);
    const said = open.with({ origin: 'flags', values: { strategy: 'auto' } }).explain();
    expect(said.find(({ path }) => path === 'strategy')?.origin).toBe('flags');
  });

  it('tell everything that is wrong when they are resolved, each time', () => {
    const wrong = photos.with(layer({ epochs: 0, seeds: 1 }));
    for (let time = 0; time < 2; time++) {
      expect(() => wrong.for('head')).toThrow(/2 problems with the settings:/);
    }
  });
});

import { expect, it } from 'vitest';
import { storageFrom } from '../../src/base/storage-from.ts';

it('the storage is what the environment says, and --cache is stronger', () => {
  const environment = { VGGTUNE_CACHE: '/own', VGGTUNE_CACHE_LIMIT: '5GB', VGGTUNE_MIRROR: 'm' };
  expect(storageFrom(environment)).toEqual({ folder: '/own', limit: '5GB', mirror: 'm' });
  expect(storageFrom(environment, '/flag').folder).toBe('/flag');
  expect(storageFrom({ XDG_CACHE_HOME: '/x', LOCALAPPDATA: '/x' })).toEqual({
    folder: expect.stringContaining('vggtune'),
  });
});

import { join } from 'node:path';
import { expandHome, homeFolder } from './home.ts';

/**
 * The folder for everything that can be recreated: downloaded weights, activations, results of scans.
 * `VGGTUNE_CACHE` overrides the platform's default. Nothing is created here.
 * @throws VggtuneError (usage) where it would be in a home folder that this user does not have
 */
export function cacheFolder(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string {
  const own = environment.VGGTUNE_CACHE;
  if (own !== undefined && own !== '') return expandHome(own);
  if (platform === 'darwin') return join(homeFolder(), 'Library', 'Caches', 'vggtune');
  if (platform === 'win32') {
    const local = environment.LOCALAPPDATA ?? join(homeFolder(), 'AppData', 'Local');
    return join(local, 'vggtune', 'Cache');
  }
  const shared = environment.XDG_CACHE_HOME;
  return join(
    shared !== undefined && shared !== '' ? shared : join(homeFolder(), '.cache'),
    'vggtune',
  );
}

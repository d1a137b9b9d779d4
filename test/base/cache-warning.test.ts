import { expect, it } from 'vitest';
import { cacheWarningOnce } from '../../src/base/cache-warning.ts';
import type { RunEvent } from '../../src/base/events.ts';

it('a cache that cannot be written is said once, and everything else as often as it is', () => {
  const heard: string[] = [];
  const emit = cacheWarningOnce((event) => heard.push('code' in event ? event.code : event.type));
  const warning = (code: string): RunEvent => ({ type: 'warning', code, message: '' });
  const codes = ['scan-not-remembered', 'other', 'groups-not-remembered', 'cache-full', 'other'];
  for (const code of codes) emit(warning(code));
  emit({ type: 'note', message: '' });
  emit(warning('cache-full'));
  expect(heard).toEqual(['scan-not-remembered', 'other', 'other', 'note']);
});

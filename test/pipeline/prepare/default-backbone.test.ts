import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Settings } from '../../../src/config/settings.ts';
import { withBackbone } from '../../../src/pipeline/prepare/default-backbone.ts';
import { useTemporaryFolder } from '../../dataset/images.ts';
import { testStorage } from '../../storage.ts';

const folder = useTemporaryFolder();
beforeEach(() => vi.stubEnv('VGGTUNE_CACHE', join(folder(), 'cache')));
afterEach(() => vi.unstubAllEnvs());

async function resolved(values: Record<string, unknown>) {
  const warnings: string[] = [];
  const given = Settings.of({ origin: 'test', values: { data: 'x', ...values } });
  const settings = await withBackbone(given, {
    storage: testStorage(),
    offline: true,
    signal: new AbortController().signal,
    emit: (event) => {
      if (event.type === 'warning') warnings.push(`${event.code}: ${event.message}`);
    },
  });
  return { backbone: settings.for('head').backbone, warnings };
}

describe('settings that name no network', () => {
  test('get the one in the package where the weights of vgg16 cannot be had, and a warning says so, which --json repeats', async () => {
    const { backbone, warnings } = await resolved({});
    expect(backbone).toBe('vgg-nano');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^network-fallback: /);
    expect(warnings[0]).toContain('the weights of vgg16 are not on this machine');
  });

  test('get vgg16 where its weights are, without a word', async () => {
    const weights = join(folder(), 'cache', 'weights');
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, 'vgg16.tv_in1k.safetensors'), 'x');
    expect(await resolved({})).toEqual({ backbone: 'vgg16', warnings: [] });
  });
});

test.each([
  ['a network', { backbone: 'vgg13' }, 'vgg13'],
  ['a file of weights', { weights: 'mine.safetensors' }, 'vgg16'],
])('settings that name %s are left as they are', async (_, values, expected) => {
  expect(await resolved(values)).toEqual({ backbone: expected, warnings: [] });
});

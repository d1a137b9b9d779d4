import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { loadModel } from '../../src/pipeline/prepare/trained-model.ts';

const failing = vi.hoisted(() => ({ code: undefined as string | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const stat = (path: string) => {
    const { code } = failing;
    if (code === undefined) return real.stat(path);
    const error = new Error(`${code}: the system says so, stat '${path}'`);
    return Promise.reject(Object.assign(error, { code, syscall: 'stat', path }));
  };
  return { ...real, stat };
});

afterEach(() => {
  failing.code = undefined;
});

const nowhere = join(tmpdir(), 'vggtune-no-run-is-here');

it('says that there is no model where there is none', async () => {
  await expect(loadModel(nowhere)).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining('there is no trained model'),
  });
});

it.each(['EIO', 'EMFILE', 'ENOSPC'])('names %s, and not a model that is missing', async (code) => {
  failing.code = code;
  await expect(loadModel(nowhere)).rejects.toMatchObject({
    kind: 'data',
    details: { found: expect.stringContaining(code) },
  });
});

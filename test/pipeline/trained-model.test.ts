import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';

const failing = { code: undefined as string | undefined };
let loadModel: typeof import('../../src/pipeline/prepare/trained-model.ts').loadModel;

// The modules of a worker are shared by its test files: this one loads its own, and leaves none behind.
beforeAll(async () => {
  vi.resetModules();
  vi.doMock('node:fs/promises', async (original) => {
    const real = await original<typeof import('node:fs/promises')>();
    const stat = (path: string) => {
      const { code } = failing;
      if (code === undefined) return real.stat(path);
      const error = new Error(`${code}: the system says so, stat '${path}'`);
      return Promise.reject(Object.assign(error, { code, syscall: 'stat', path }));
    };
    return { ...real, stat };
  });
  ({ loadModel } = await import('../../src/pipeline/prepare/trained-model.ts'));
});
afterAll(() => {
  vi.doUnmock('node:fs/promises');
  vi.resetModules();
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

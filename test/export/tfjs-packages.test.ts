import { describe, expect, it } from 'vitest';
import { INSTALL_TFJS, TFJS_PACKAGES, tfjsFolders } from '../../src/export/tfjs-packages.ts';
import { refuseFormats } from '../../src/pipeline/export/export-formats.ts';

const resolverOf = (installed: readonly string[]) => (id: string) => {
  const name = installed.find((each) => id === `${each}/package.json`);
  if (name === undefined) throw new Error(`Cannot find module ${id}`);
  return `/modules/${name}/package.json`;
};

describe('the packages of TensorFlow.js', () => {
  it('are found where they are installed', () => {
    const folders = tfjsFolders(TFJS_PACKAGES, resolverOf(TFJS_PACKAGES));
    expect(folders).toEqual(TFJS_PACKAGES.map((name) => `/modules/${name}`));
  });

  it.each([
    [[], 'no @tensorflow/tfjs and no @tensorflow/tfjs-backend-wasm'],
    [['@tensorflow/tfjs'], 'no @tensorflow/tfjs-backend-wasm'],
  ])(
    'with %j alone, what is missing is named, with the command that installs it',
    (some, found) => {
      const missing = () => tfjsFolders(TFJS_PACKAGES, resolverOf(some));
      expect(missing).toThrow(expect.objectContaining({ kind: 'unavailable' }));
      expect(missing).toThrow(
        expect.objectContaining({
          details: expect.objectContaining({ found, fix: expect.stringContaining(INSTALL_TFJS) }),
        }),
      );
    },
  );

  it('are there in development, so that no format is refused', async () => {
    await expect(
      refuseFormats(['tfjs', 'web', 'savedmodel', 'onnx', 'safetensors']),
    ).resolves.toBeUndefined();
  });
});

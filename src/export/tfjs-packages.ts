import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { unavailableError, type VggtuneError } from '../base/errors.ts';

/** The packages that the formats `tfjs`, `web` and `savedmodel` are written and checked with. */
export const TFJS_PACKAGES = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'] as const;

/** They are asked for by name, since they weigh as much as all the rest: who exports ONNX needs none of them. */
export const INSTALL_TFJS = `npm install ${TFJS_PACKAGES.map((name) => `${name}@4`).join(' ')}`;

type TfjsPackage = (typeof TFJS_PACKAGES)[number];

/**
 * The folder of each package.
 * @throws VggtuneError (unavailable) with the command that installs what is missing
 */
export function tfjsFolders(
  names: readonly TfjsPackage[] = TFJS_PACKAGES,
  resolve: (id: string) => string = ownResolve,
): readonly string[] {
  const found = names.map((name) => folderOf(name, resolve));
  const missing = names.filter((_, at) => found[at] === undefined);
  if (missing.length > 0) throw tfjsMissing(missing);
  return found.flatMap((folder) => folder ?? []);
}

export function tfjsMissing(missing: readonly string[], cause?: unknown): VggtuneError {
  return unavailableError(
    'TensorFlow.js is not installed: the formats tfjs, web and savedmodel are checked by it',
    {
      expected: `the packages ${TFJS_PACKAGES.join(' and ')}, which are not installed by default`,
      found: `no ${missing.join(' and no ')}`,
      where: '--format, --export',
      fix: `run where vggtune is installed (with -g if it was installed with -g): ${INSTALL_TFJS}`,
      ...(cause !== undefined && { cause }),
    },
  );
}

function ownResolve(id: string): string {
  return createRequire(import.meta.url).resolve(id);
}

function folderOf(name: string, resolve: (id: string) => string): string | undefined {
  try {
    return dirname(resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

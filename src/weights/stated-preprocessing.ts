import { usageError, VggtuneError } from '../base/errors.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { readPlainFile } from '../base/plain-file.ts';
import type { BackboneRow } from '../network/catalog.ts';
import {
  atSize,
  KERAS_PREPROCESSING,
  TORCHVISION_PREPROCESSING,
  UNIT_PREPROCESSING,
} from '../network/preprocessing.ts';
import type { Preprocessing } from '../network/spec.ts';
import { parsePreprocessing } from './preprocessing-text.ts';

/** The preprocessings that have a name. */
const NAMED: Readonly<Record<string, Preprocessing>> = {
  torchvision: TORCHVISION_PREPROCESSING,
  keras: KERAS_PREPROCESSING,
  unit: UNIT_PREPROCESSING,
};

/** A few numbers. */
const MOST_BYTES = 2 ** 16;

/**
 * How images are prepared, as the user says it: `torchvision`, `keras`, `unit`, or a JSON file with channels, scale,
 * mean and std, and size and resize where they are not the network's own. Undefined for `auto`.
 * @throws VggtuneError (usage) where there is no such file; (data) where it holds something else
 */
export async function statedPreprocessing(
  stated: string,
  { size }: Pick<BackboneRow, 'size'>,
): Promise<Preprocessing | undefined> {
  if (stated === 'auto') return undefined;
  const named = Object.hasOwn(NAMED, stated) ? NAMED[stated] : undefined;
  if (named !== undefined) return atSize(named, size);
  const text = await readPlainFile(stated, {
    most: MOST_BYTES,
    what: 'a JSON file of a preprocessing',
  }).catch((error: unknown) => {
    // A folder, say, or a file that is too large, is told as what it is.
    if (error instanceof VggtuneError) throw error;
    unlessMachineFails(undefined)(error);
    throw usageError(`there is no preprocessing "${stated}"`, {
      expected: `auto, ${Object.keys(NAMED).join(', ')}, or a JSON file`,
      found: stated,
      where: 'weightsPreprocessing',
      fix: 'name one of them, or check the path',
      cause: error,
    });
  });
  const { resize } = atSize(TORCHVISION_PREPROCESSING, size);
  return parsePreprocessing(text.toString('utf8'), stated, { size, resize });
}

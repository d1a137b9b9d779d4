import { existsSync } from 'node:fs';
import { dataError, VggtuneError } from '../../base/errors.ts';

/**
 * Why the images of a run could not be read. Where their folder is gone, they were moved, most likely: then it says how
 * to name the new place.
 * @param where the command that takes it: `vggtune evaluate RUN --data FOLDER`
 */
export function movedImages(error: unknown, folder: string, where: string): unknown {
  if (!(error instanceof VggtuneError) || error.kind !== 'data' || existsSync(folder)) return error;
  const fix = `if the images of the run were moved, say where they are: ${where}`;
  return dataError(error.message, { ...error.details, fix });
}

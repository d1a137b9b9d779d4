import { usageError } from '../base/errors.ts';
import type { Progress } from './checkpoint.ts';
import type { PhaseRun } from './job.ts';

/** The error of a run whose numbers have left the range of numbers. */
export function diverged(
  { phase, start }: Pick<PhaseRun, 'phase' | 'start'>,
  at: { readonly progress: Progress; readonly step: number; readonly what: string },
): Error {
  const { progress, step } = at;
  const rates = phase.groups.map((group) => group.learningRate);
  const isSaved = progress.phase > 0 || progress.epoch > 0 || start.batch > 0;
  const kept = isSaved ? '; the last good checkpoint is kept' : '';
  return usageError(`training diverged: ${at.what} is not a finite number`, {
    expected: 'finite numbers',
    found: 'NaN or infinity',
    where: `${phase.name}, epoch ${progress.epoch + 1}, step ${step}`,
    fix: `lower optimizer.learningRate (now up to ${Math.max(...rates)}) or set clipNorm${kept}`,
  });
}

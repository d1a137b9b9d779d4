import { usageError } from '../base/errors.ts';
import type { TrainPhase } from './plan.ts';

/** The error of a run whose numbers have left the range of numbers. */
export function diverged(
  phase: TrainPhase,
  at: { readonly epoch: number; readonly step: number; readonly what: string },
): Error {
  const rates = phase.groups.map((group) => group.learningRate);
  return usageError(`training diverged: ${at.what} is not a finite number`, {
    expected: 'finite numbers',
    found: 'NaN or infinity',
    where: `${phase.name}, epoch ${at.epoch + 1}, step ${at.step}`,
    fix: `lower optimizer.learningRate (now up to ${Math.max(...rates)}) or set clipNorm; the last good checkpoint is kept`,
  });
}

import { VggtuneError } from '../base/errors.ts';
import type { EpochFigures, Progress } from './checkpoint.ts';
import type { PhaseRun } from './job.ts';
import { phaseLabel } from './train-plan.ts';

/** Training has diverged: values are no longer finite. */
export class Divergence extends VggtuneError {}

/** The error of a run that diverged. */
export function diverged(
  { phase, start }: Pick<PhaseRun, 'phase' | 'start'>,
  at: { readonly progress: Progress; readonly step: number; readonly what: string },
): Divergence {
  const { progress, step } = at;
  const rates = phase.groups.map((group) => group.learningRate);
  const isSaved = progress.phase > 0 || progress.epoch > 0 || start.batch > 0;
  const kept = isSaved ? '; the last good checkpoint is kept' : '';
  return new Divergence('usage', `training diverged: ${at.what} is not a finite number`, {
    expected: 'finite numbers',
    found: 'NaN or infinity',
    where: `${phaseLabel(phase)}, epoch ${progress.epoch + 1}, step ${step}`,
    fix: `lower optimizer.learningRate (now up to ${Math.max(...rates)}) or set clipNorm${kept}`,
  });
}

/** The multiple of the initial loss beyond which a run is not overfitting but ruined. */
const CLIMB = 3;

/**
 * Whether an epoch has undone the start: its loss is several times that of the start, and worse than that of
 * a uniform guess.
 */
export function hasClimbed(
  losses: readonly number[],
  { before, classes }: { readonly before: EpochFigures; readonly classes: number },
): boolean {
  const limit = Math.max(CLIMB * (before.loss ?? Number.NaN), Math.log(classes));
  return losses.some((loss) => loss > limit);
}

/** The warning when the state before the first step is kept, because training made it worse. */
export function climbWarning({ phase }: Pick<PhaseRun, 'phase'>, found: string) {
  const rates = phase.groups.map((group) => group.learningRate);
  return {
    type: 'warning',
    code: 'training-diverged',
    message: `training was stopped: ${found}; what was best before is kept. Lower optimizer.learningRate (now up to ${Math.max(...rates)}) or set clipNorm`,
  } as const;
}

import type { ImageEntry } from '../../dataset/types.ts';
import { predictedClass, type Scored } from '../../metrics/scores.ts';
import { runTraining } from '../../training/loop.ts';
import { beginRun, type PreparedRun } from './begin-run.ts';
import { fileCheckpoints, readLastCheckpoint } from './checkpoints.ts';
import { scoreSide } from './measure-run.ts';
import { inRunFolder } from './run-strategy.ts';
import type { StrategyRun } from './strategy-run.ts';
import { inOwnUnits, trainingJob } from './training-job.ts';

/** How a strategy did on images that it was not trained on. */
export interface Trial {
  /** Whether each held-out image was named right, by its path. */
  readonly right: ReadonlyMap<string, boolean>;
  /** The epochs that were trained; 0 where the output layer was solved. */
  readonly epochs: number;
}

/**
 * Trains by a strategy on the training images of a split and asks the result about the validation images. An output
 * layer that is solved without steps is asked about every image, by the fits of a cross-validation without it.
 * The run folder is left as that of a run that was interrupted before its refit: with `resume` it goes on
 * from there to a model, and ends as if it had never been a trial.
 *
 * @throws VggtuneError as `runStrategy`
 */
export function tryStrategy(request: StrategyRun): Promise<Trial> {
  return inRunFolder(request, async (run, paths) => {
    run.log?.open(paths.events);
    const { record: _, ...prepared } = await beginRun(run, paths);
    if (prepared.plan.phases.length === 0) return trialOfSolved(prepared);
    const resume = run.resume === true ? await readLastCheckpoint(paths) : undefined;
    const checkpoints = fileCheckpoints(paths, prepared.setting);
    const job = trainingJob(prepared, { checkpoints, resume, judgedOnly: true });
    const { judgedWeights, history } = await runTraining(job);
    const weights = inOwnUnits(judgedWeights, prepared);
    const scored = await scoreSide(prepared, { weights, side: 'val' });
    return { right: new Map(rightOnes(scored)), epochs: history.length };
  });
}

async function trialOfSolved(prepared: PreparedRun): Promise<Trial> {
  const { start, setting } = prepared;
  const { weights, head, refitHead } = start;
  const left = (refitHead ?? head)?.heldOut;
  const crossValidated = left === undefined ? [] : rightOnes(left);
  // A refit has the validation images among those that were left out in turn.
  const isAll = refitHead !== undefined || setting.split.val.length === 0;
  const rest = isAll ? [] : rightOnes(await scoreSide(prepared, { weights, side: 'val' }));
  return { right: new Map([...crossValidated, ...rest]), epochs: 0 };
}

const rightOnes = (scored: Scored & { readonly images: readonly ImageEntry[] }) =>
  scored.images.map(({ path, label }, row): [string, boolean] => [
    path,
    predictedClass(scored, row) === label,
  ]);

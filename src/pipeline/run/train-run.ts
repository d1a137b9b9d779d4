import { decodeSpec } from '../../dataset/pixel-specs.ts';
import { describeModel } from '../../export/metadata.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { RunRecord } from '../../run/record.ts';
import { readRecord, writePredictions, writeRecord } from '../../run/run-records.ts';
import type { RunPaths } from '../../run/store.ts';
import { runTraining } from '../../training/loop.ts';
import type { TrainedModel } from '../prepare/trained-model.ts';
import { beginRun } from './begin-run.ts';
import { fileCheckpoints, noteOtherEngine, readLastCheckpoint } from './checkpoints.ts';
import { exportTrained } from './export-trained.ts';
import { measureRun } from './measure-run.ts';
import type { StrategyRun } from './strategy-run.ts';
import { inOwnUnits, solvedWeights, trainingJob } from './training-job.ts';

/** Trains, measures and exports in a run folder that is open. */
export async function trainRun(run: StrategyRun, paths: RunPaths): Promise<RunRecord> {
  const { config, emit } = run;
  const { record: plan, ...prepared } = await beginRun(run, paths);
  const { setting } = prepared;
  const { engine, network } = setting;
  const resume = run.resume === true ? await readLastCheckpoint(paths) : undefined;
  if (resume !== undefined) noteOtherEngine(resume, engine, emit);
  const checkpoints = fileCheckpoints(paths, { engine, emit });
  const trained =
    prepared.plan.phases.length === 0
      ? solvedWeights(prepared.start)
      : await runTraining(trainingJob(prepared, { checkpoints, resume }));
  const models = {
    final: trainedModel(run, network, inOwnUnits(trained.weights, prepared)),
    judged: trainedModel(run, network, inOwnUnits(trained.judgedWeights, prepared)),
  };
  emit({ type: 'stage', stage: 'evaluate', message: 'measuring the trained network' });
  const measured = await measureRun(run, { ...prepared, models });
  if (measured !== undefined) {
    await writePredictions(paths, measured.predictions);
    await writeRecord(paths, 'metrics', measured.metrics);
  }
  const metrics = measured?.metrics;
  emit({ type: 'stage', stage: 'export', message: 'writing the model' });
  await exportTrained(paths, { setting, model: models.final });
  return { folder: paths.folder, config, metrics, plan, split: await readRecord(paths, 'split') };
}

function trainedModel(
  { config, index }: StrategyRun,
  network: NetworkSpec,
  weights: TrainedModel['weights'],
): TrainedModel {
  const { background } = config.image;
  const description = describeModel(network, {
    head: config.head,
    labels: index.classes,
    background,
  });
  return { description, network, weights, decode: decodeSpec(network, background) };
}

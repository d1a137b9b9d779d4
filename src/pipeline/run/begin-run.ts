import { HEAD_NORM } from '../../network/head.ts';
import { parameterCount } from '../../network/parameters.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { FORMAT_VERSION, type PlanRecord } from '../../run/record.ts';
import { refuseChangedWeights } from '../../run/refuse-changed.ts';
import { readPlan, writeRecord } from '../../run/run-records.ts';
import type { RunPaths } from '../../run/store.ts';
import { frozenAndTrained, planTraining, type TrainPlan } from '../../training/train-plan.ts';
import type { SampleSetting } from '../prepare/sample-setting.ts';
import {
  startHash,
  startingPoint,
  startSentence,
  startsPretrained,
} from '../prepare/start-weights.ts';
import { engineOf } from '../prepare/work-context.ts';
import { isRefit } from './refit.ts';
import type { StrategyRun } from './strategy-run.ts';
import { prepareStart, type TrainingStart } from './training-start.ts';

/** A run that is ready to train. */
export interface PreparedRun {
  readonly setting: SampleSetting;
  readonly plan: TrainPlan;
  readonly start: TrainingStart;
}

/** Plans a run and loads its start weights; afterwards the plan is in the run folder. */
export async function beginRun(
  run: StrategyRun,
  paths: RunPaths,
): Promise<PreparedRun & { readonly record: PlanRecord }> {
  const { config, strategy, index, split, storage, signal, emit } = run;
  const engine = await engineOf(run, config);
  const start = await startingPoint(config, index.classes.length, run);
  const { network, weights, newLayers, provenance } = start;
  emit({ type: 'note', message: startSentence(config.backbone, start) });
  const refit = isRefit(run);
  const plan = planTraining({ strategy, config, network, newLayers, refit });
  const evidence = [...run.evidence, `starts from ${start.source}`];
  const record: PlanRecord = {
    ...planRecord(plan, network, evidence),
    provenance,
    startHash: startHash(start),
    ...(refit && { refit }),
  };
  await writeOrComparePlan(record, { paths, resume: run.resume === true });
  const { root } = index;
  const setting = { engine, network, weights, config, root, split, storage, signal, emit };
  emit({ type: 'stage', stage: 'train', message: `training (${strategy})` });
  // A resumed run finds all of it again: it follows from the weights and the images.
  const begun = await prepareStart({
    setting,
    plan,
    groups: run.groups ?? [],
    pretrained: startsPretrained(config),
    newNorm: newLayers.has(HEAD_NORM),
    refit,
  });
  return { setting, plan, start: begun, record };
}

/** Writes the plan; a resumed run must begin from the same weights. */
async function writeOrComparePlan(
  now: PlanRecord,
  { paths, resume }: { readonly paths: RunPaths; readonly resume: boolean },
): Promise<void> {
  const before = resume ? await readPlan(paths) : undefined;
  if (before === undefined) await writeRecord(paths, 'plan', now);
  else refuseChangedWeights(paths.folder, { before, now });
}

function planRecord(
  plan: TrainPlan,
  network: NetworkSpec,
  evidence: readonly string[],
): PlanRecord {
  const { frozen, trained } = frozenAndTrained(plan, network);
  const count = (names: readonly string[]) =>
    network.layers
      .filter((layer) => names.includes(layer.name))
      .reduce((sum, layer) => sum + parameterCount(layer), 0);
  const parameters = { total: count([...frozen, ...trained]), trained: count(trained) };
  return {
    version: FORMAT_VERSION,
    strategy: plan.strategy,
    evidence,
    frozen,
    trained,
    parameters,
  };
}

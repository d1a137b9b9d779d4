import { interruptedError, VggtuneError } from '../base/errors.ts';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import type { PictureGroups } from '../dataset/picture-groups.ts';
import type { DatasetIndex, ImageEntry, Split } from '../dataset/types.ts';
import type { Engine } from '../engines/engine.ts';
import { metricsRecord } from '../evaluation/evaluate.ts';
import { describeModel } from '../export/metadata.ts';
import { HEAD_NORM } from '../network/head.ts';
import { parameterCount } from '../network/parameters.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { refuseChangedWeights } from '../run/compare.ts';
import {
  FORMAT_VERSION,
  type MetricsRecord,
  type PlanRecord,
  type RunRecord,
} from '../run/record.ts';
import { type RunPaths, readPlan, readRecord, writeRecord } from '../run/store.ts';
import { frozenAndTrained, planTraining, type TrainPlan } from '../training/plan.ts';
import { score } from '../training/validate.ts';
import { fileCheckpoints, noteOtherEngine, readLastCheckpoint } from './checkpoints.ts';
import { exportModel, type FileFormat } from './export.ts';
import { exportRun } from './export-run.ts';
import type { TrainedModel } from './model.ts';
import { decodeSpec, plainRows, prefixBatch, type SourceSetting } from './phase-sources.ts';
import { isRefit } from './refit.ts';
import { startHash, startingPoint, startsPretrained } from './start-weights.ts';
import { type PreparedRun, trainPhases } from './train-phases.ts';
import { prepareStart } from './training-start.ts';
import { engineOf, type WorkContext } from './work-context.ts';

export interface TrainRunRequest extends WorkContext {
  readonly config: RunConfig;
  readonly strategy: StrategyName;
  readonly evidence: readonly string[];
  readonly index: DatasetIndex;
  readonly split: Split;
  /** Near-duplicates: no fold of a cross-validation divides them. */
  readonly groups?: PictureGroups;
  readonly paths: RunPaths;
  readonly resume?: boolean;
  /** Instead of the test side. */
  readonly measureOn?: 'val';
}

/** Trains, measures and exports in a run folder that is open. */
export async function trainRun(request: TrainRunRequest): Promise<RunRecord> {
  const { config, strategy, index, split, paths, storage, signal, emit } = request;
  const engine = await engineOf(request, config);
  const start = await startingPoint(config, index.classes.length, request);
  const { network, weights, newLayers } = start;
  emit({ type: 'note', message: `${config.backbone} starts from ${start.source}` });
  const refit = isRefit(request);
  const plan = planTraining({ strategy, config, network, newLayers, refit });
  const evidence = [...request.evidence, `starts from ${start.source}`];
  const { provenance } = start;
  const bareRecord = planRecord(plan, network, evidence);
  const planned = {
    ...bareRecord,
    provenance,
    startHash: startHash(start),
    ...(refit && ({ refit } as const)),
  };
  await writeOrComparePlan(request, planned);

  const setting: SourceSetting = {
    engine,
    network,
    weights,
    config,
    split,
    storage,
    signal,
    emit,
    root: index.root,
  };
  emit({ type: 'stage', stage: 'train', message: `training (${strategy})` });
  // Of a resumed run too: everything that follows from the weights and the images is found again.
  const begun = await prepareStart({
    setting,
    plan,
    groups: request.groups ?? [],
    pretrained: startsPretrained(config),
    newNorm: newLayers.has(HEAD_NORM),
    refit,
  });
  const resume = request.resume === true ? await readLastCheckpoint(paths) : undefined;
  if (resume !== undefined) noteOtherEngine(resume, engine, emit);
  const trained = await trainPhases(
    { setting, plan, start: begun },
    { checkpoints: fileCheckpoints(paths, { engine, emit }), resume },
  );
  const models = {
    final: trainedModel(request, network, trained.weights),
    judged: trainedModel(request, network, trained.judgedWeights),
  };
  emit({ type: 'stage', stage: 'evaluate', message: 'measuring the trained network' });
  const metrics = await measureRun(request, { setting, plan, models, start: begun });
  if (metrics !== undefined) await writeRecord(paths, 'metrics', metrics);
  emit({ type: 'stage', stage: 'export', message: 'writing the model' });
  await exportTrained(request, { setting, model: models.final, engine });
  const record = { folder: paths.folder, config, metrics };
  return { ...record, plan: planned, split: await readRecord(paths, 'split') };
}

/** Writes down what is planned; a run that is resumed must begin from the same weights. */
async function writeOrComparePlan(request: TrainRunRequest, now: PlanRecord): Promise<void> {
  const { paths } = request;
  const before = request.resume === true ? await readPlan(paths) : undefined;
  if (before === undefined) await writeRecord(paths, 'plan', now);
  else refuseChangedWeights(paths.folder, { before, now });
}

/**
 * The figures of a run, on images that nothing of what is measured was fitted to: the test images by the final
 * model; else the validation images by the model before a refit. Where the output layer is all that is trained
 * and validation images were fitted too, every image by the fits of a cross-validation without it.
 */
async function measureRun(
  request: TrainRunRequest,
  of: PreparedRun & { readonly models: Readonly<Record<'final' | 'judged', TrainedModel>> },
): Promise<MetricsRecord | undefined> {
  const { index, split, measureOn } = request;
  const { plan, start, models, setting } = of;
  const { classes } = index;
  const side = measureOn ?? (split.test.length > 0 ? 'test' : 'val');
  const heldOut = start.refitHead?.heldOut;
  if (side === 'val' && plan.phases.length === 0 && heldOut !== undefined) {
    return metricsRecord(heldOut, { side: 'cross-validation', classes });
  }
  const isFinal = side === 'test' || start.refitWeights === undefined;
  const model = isFinal ? models.final : models.judged;
  const record = await measure({ setting, model, plan, classes, side });
  return isFinal || record === undefined ? record : { ...record, beforeRefit: true };
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

function trainedModel(
  { config, index }: TrainRunRequest,
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

/**
 * The figures of a side, if it has images; from the cached activations at the last freeze boundary,
 * which the trained layers then finish.
 */
async function measure(of: {
  readonly setting: SourceSetting;
  readonly model: TrainedModel;
  readonly plan: TrainPlan;
  readonly classes: readonly string[];
  readonly side: 'val' | 'test';
}): Promise<MetricsRecord | undefined> {
  const { setting, model, plan, classes, side } = of;
  const { split, engine, network, config, signal } = setting;
  if (split[side].length === 0) return undefined;
  const from = plan.phases.length === 0 ? (plan.solvedFrom ?? plan.from) : plan.from;
  const { batchSize } = config;
  const rows = await plainRows(setting, split[side], from);
  const to = network.layers.length;
  const { weights } = model;
  const program = await engine.compileForward({ network, weights, from, to, batchSize });
  try {
    const predict = (input: Uint8Array | Float32Array, count: number) => program.run(input, count);
    const options = { batchSize, classes: classes.length, signal };
    const scored = await score({ predict }, rows, options);
    if (signal.aborted) throw interruptedError('interrupted while it was measured', RESUME);
    return metricsRecord(scored, { side, classes });
  } finally {
    await program.release();
    await rows.release();
  }
}

const RESUME = { fix: 'it is trained: measure and export it with --resume' };

/** Images that an export is checked on, at most. */
const CHECKED = 8;

async function exportTrained(
  { config, paths, emit }: TrainRunRequest,
  of: { readonly setting: SourceSetting; readonly model: TrainedModel; readonly engine: Engine },
): Promise<void> {
  // The run's own model is always written: evaluate, predict and later exports read it.
  const own: FileFormat[] = config.export.includes('onnx')
    ? ['safetensors', 'onnx']
    : ['safetensors'];
  const { engine, model } = of;
  const check = () => checkImages(of.setting);
  await exportModel({ model, engine, formats: own, folder: paths.model, check, emit });
  const formats = config.export.filter((format) => format !== 'safetensors' && format !== 'onnx');
  if (formats.length > 0) await exportRun({ run: paths.folder, formats, engine, emit });
}

/** Some images to check an export on; a grey one where none can be read any more. */
async function checkImages(setting: SourceSetting) {
  const found = await someImages(setting).catch((error: unknown) => {
    // The network is trained: an export is not lost for images that are gone.
    if (!(error instanceof VggtuneError && error.kind === 'data')) throw error;
  });
  // A grey picture still tells one network from another.
  const { size } = setting.network.preprocessing;
  return found ?? { pixels: new Uint8Array(size * size * 3).fill(128), count: 1 };
}

/** Some validation images, plain; training images where there are no others. */
async function someImages(setting: SourceSetting) {
  const { split, network } = setting;
  const held = [...split.val, ...split.test];
  const images: readonly ImageEntry[] = held.length > 0 ? held : split.train;
  const count = Math.min(CHECKED, prefixBatch(network), images.length);
  const rows = await plainRows(setting, images.slice(0, count), 0);
  const order = rows.labels.map((_, at) => at);
  for await (const batch of rows.batches(order, { batchSize: count, epoch: 0 })) {
    if (batch.rows instanceof Uint8Array && batch.positions.length > 0) {
      return { pixels: batch.rows, count: batch.positions.length };
    }
  }
  return undefined;
}

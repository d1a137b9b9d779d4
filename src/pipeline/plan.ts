import { join } from 'node:path';
import { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { sizeOf } from '../base/tensor.ts';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import type { Settings } from '../config/settings.ts';
import type { SkippedFile } from '../dataset/types.ts';
import type { Engine } from '../engines/engine.ts';
import { type LayerRow, layerTable } from '../network/layer-table.ts';
import { parameterShapes } from '../network/parameters.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { refuseFolder, runPaths } from '../run/store.ts';
import {
  frozenAndTrained,
  phaseLabel,
  planTraining,
  type TrainPhase,
} from '../training/train-plan.ts';
import { advisedSettings } from './choose/advised-settings.ts';
import { type ChoiceReport, choose } from './choose/decision.ts';
import { choiceEvidence } from './choose/evidence.ts';
import { type Estimate, estimateStrategies } from './estimate/estimate-strategies.ts';
import { refuseFormats } from './export/export-formats.ts';
import { type DataFacts, dataFacts, type LoadedData, loadData } from './prepare/data.ts';
import { withBackbone } from './prepare/default-backbone.ts';
import { type Start, startingPoint } from './prepare/start-weights.ts';
import { contextOf, engineOf, type WorkContext } from './prepare/work-context.ts';
import { isRefit } from './run/refit.ts';

export interface PlannedPhase {
  readonly name: ReturnType<typeof phaseLabel>;
  readonly epochs: number;
  readonly schedule: string;
  /** The first trained layer. */
  readonly from: string;
  /** Parameters that share a peak learning rate. */
  readonly groups: readonly {
    readonly name: string;
    readonly parameters: number;
    readonly learningRate: number;
    readonly weightDecay: number;
  }[];
}

/** What `train` would do. */
export interface PlanReport {
  readonly data: DataFacts;
  readonly leftOut: readonly SkippedFile[];
  readonly strategy: StrategyName;
  readonly evidence: readonly string[];
  /** Absent where the strategy was named. */
  readonly choice?: ChoiceReport;
  readonly weights: string;
  readonly head: RunConfig['head'];
  readonly newLayers: readonly string[];
  readonly frozen: readonly string[];
  readonly trained: readonly string[];
  readonly parameters: { readonly total: number; readonly trained: number };
  readonly layers: readonly LayerRow[];
  readonly optimizer: RunConfig['optimizer'];
  readonly phases: readonly PlannedPhase[];
  readonly estimate?: Estimate | undefined;
  /** Files that would be written. */
  readonly files: readonly string[];
  readonly config: RunConfig;
}

export interface PlanRequest extends WorkContext {
  readonly settings: Settings;
}

/**
 * Everything that `train` would do with the same settings, without training.
 * @throws VggtuneError as `train` before its first step
 */
export async function plan(request: PlanRequest): Promise<PlanReport> {
  const { emit } = request;
  const settings = await withBackbone(request.settings, request);
  const provisional = settings.for();
  await refuseFormats(provisional.export);
  const data = await loadData(provisional, request);
  const engine = await engineOf(request, provisional);
  const chosen = await chosenStrategy({ ...request, settings }, { provisional, data, engine });
  const { strategy } = chosen;
  const config = chosen.settings.for(strategy);
  const classes = data.index.classes.length;
  const start = await startingPoint(config, classes, request);
  await warnOfTakenFolder(config.out, emit);
  const [estimate] = await estimateStrategies({
    ...contextOf(request),
    strategies: [strategy],
    settings: chosen.settings,
    start,
    data,
    engine,
  });
  return {
    data: dataFacts(data),
    leftOut: data.index.skipped,
    strategy,
    evidence: chosen.evidence,
    estimate,
    config,
    ...(chosen.choice !== undefined && { choice: chosen.choice }),
    weights: start.source,
    ...trainingPart(config, { strategy, start, data }),
    files: filesOf(config),
  };
}

/** Warns of a folder that `train` would refuse; a plan may be followed with --overwrite. */
async function warnOfTakenFolder(out: string, emit: Emit): Promise<void> {
  await refuseFolder(out, {}).catch((error: unknown) => {
    if (!(error instanceof VggtuneError)) throw error;
    const message = `train would stop here: ${error.message}; ${error.details.fix ?? ''}`;
    emit({ type: 'warning', code: 'run-folder-taken', message });
  });
}

interface Chosen {
  readonly strategy: StrategyName;
  readonly evidence: readonly string[];
  /** The settings with the advice added. */
  readonly settings: Settings;
  readonly choice?: ChoiceReport;
}

async function chosenStrategy(
  request: PlanRequest,
  of: { readonly provisional: RunConfig; readonly data: LoadedData; readonly engine: Engine },
): Promise<Chosen> {
  const { settings } = request;
  const declared = settings.strategy;
  if (declared !== 'auto') {
    return { strategy: declared, evidence: [`strategy ${declared}, as asked for`], settings };
  }
  const { provisional: config, data, engine } = of;
  const start = await startingPoint(config, data.index.classes.length, request);
  const { report: choice } = await choose({ ...request, config, data, engine, start });
  const { strategy } = choice.advice;
  const advised = advisedSettings(choice.advice, settings);
  return { strategy, choice, settings: advised, evidence: choiceEvidence(choice) };
}

function trainingPart(
  config: RunConfig,
  {
    strategy,
    start,
    data: { index, split },
  }: { readonly strategy: StrategyName; readonly start: Start; readonly data: LoadedData },
) {
  const { network, newLayers } = start;
  const refit = isRefit({ config, strategy, index, split });
  const training = planTraining({ strategy, config, network, newLayers, refit });
  const { frozen, trained } = frozenAndTrained(training, network);
  const layers = layerTable(network, new Set(trained));
  const count = (rows: readonly LayerRow[]) => rows.reduce((sum, row) => sum + row.parameters, 0);
  return {
    head: config.head,
    newLayers: [...newLayers],
    frozen,
    trained,
    parameters: { total: count(layers), trained: count(layers.filter((row) => row.trained)) },
    layers,
    optimizer: config.optimizer,
    phases: training.phases.map((phase) => plannedPhase(phase, network)),
  };
}

function plannedPhase(phase: TrainPhase, network: NetworkSpec): PlannedPhase {
  const shapes = parameterShapes(network);
  return {
    name: phaseLabel(phase),
    epochs: phase.epochs,
    schedule: phase.schedule.kind,
    from: network.layers[phase.from]?.name ?? '',
    groups: phase.groups
      .filter(({ parameters }) => parameters.length > 0)
      .map(({ name, parameters, learningRate, weightDecay }) => ({
        name,
        learningRate,
        weightDecay,
        parameters: parameters.reduce((sum, of) => sum + sizeOf(shapes.get(of) ?? [0]), 0),
      })),
  };
}

function filesOf({ out, export: formats }: RunConfig): readonly string[] {
  const { folder, model, ...files } = runPaths(out);
  const kinds = [...new Set<string>(['safetensors', ...formats])];
  return [...Object.values(files), ...kinds.map((kind) => join(model, `model.${kind}`))].map(
    (path) => join(out, path.slice(folder.length + 1)),
  );
}

import { VggtuneError } from '../base/errors.ts';
import { thisMachine } from '../base/machine.ts';
import type { RunConfig } from '../config/schema.ts';
import type { Settings } from '../config/settings.ts';
import { advisedFor, type ChoiceReport, choose } from './choose/decision.ts';
import { type Estimate, estimateStrategies } from './estimate/estimate-strategies.ts';
import { type DataFacts, dataFacts, type LoadedData, loadData } from './prepare/data.ts';
import { withBackbone } from './prepare/default-backbone.ts';
import { type Start, startingPoint } from './prepare/start-weights.ts';
import { engineOf, type WorkContext } from './prepare/work-context.ts';

/** The strategy that fits a folder of images, with the evidence. */
export interface AdviceReport extends ChoiceReport {
  readonly data: DataFacts;
  readonly backbone: string;
  /** Where the weights came from. */
  readonly weights: string;
  readonly machine: { readonly engine: string; readonly device: string; readonly cores: number };
  /** Empty where estimates were not requested. */
  readonly estimates: readonly Estimate[];
}

export interface AdviseRequest extends WorkContext {
  /** The settings; a strategy that they name is ignored. */
  readonly settings: Settings;
  /** Whether to estimate the cost of each strategy; true by default. */
  readonly estimates?: boolean;
}

/**
 * Advises a strategy for a folder of images, with the evidence.
 * @throws VggtuneError when the settings or the data are wrong; weights that cannot be had only
 * leave the similarity unmeasured
 */
export async function advise(request: AdviseRequest): Promise<AdviceReport> {
  // What it advises against may be what the settings ask for.
  const asked = request.settings.with({ origin: 'advise', values: { strategy: 'auto' } });
  const settings = await withBackbone(asked, request);
  const config = settings.for();
  const data = await loadData(config, request);
  const engine = await engineOf(request, config);
  const { start, trouble } = await startOrTrouble(config, data, request);
  const { report } = await choose({ ...request, settings, config, data, engine, start, trouble });
  const wanted = request.estimates !== false;
  const advised = advisedFor(report);
  const estimates = wanted
    ? await estimateStrategies({ ...request, settings, advised, start, data, engine })
    : [];
  return {
    data: dataFacts(data),
    backbone: config.backbone,
    weights: trouble ?? start.source,
    machine: { engine: engine.name, device: engine.device, cores: thisMachine().processors },
    ...report,
    estimates,
  };
}

/**
 * Loads the weights, or returns the reason why they are unavailable: size and time can be estimated without
 * them.
 */
async function startOrTrouble(
  config: RunConfig,
  data: LoadedData,
  context: WorkContext,
): Promise<{ start: Start; trouble?: string }> {
  const classes = data.index.classes.length;
  try {
    return { start: await startingPoint(config, classes, context) };
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind !== 'unavailable') throw error;
    const start = await startingPoint({ ...config, weights: 'random' }, classes, context);
    return { start, trouble: error.message };
  }
}

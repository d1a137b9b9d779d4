import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { VggtuneError } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import type { Storage } from '../../base/storage.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { ExplainTopic } from '../../config/names.ts';
import { STRATEGIES } from '../../config/schema.ts';
import { Settings } from '../../config/settings.ts';
import { augments, cachedViews } from '../../dataset/pixel-specs.ts';
import { denseLesson } from '../../explain/dense.ts';
import { kernelLesson } from '../../explain/kernels.ts';
import type { Explained, Lesson } from '../../explain/lesson.ts';
import { lessonPage } from '../../explain/pages/page.ts';
import { fieldLesson } from '../../explain/receptive-field.ts';
import { type PlannedStrategy, strategyLesson } from '../../explain/strategies.ts';
import { buildNetwork } from '../../network/build.ts';
import { BACKBONES } from '../../network/catalog.ts';
import { layerTable, totalsOf } from '../../network/layer-table.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { refuseForeignPage } from '../../report/own-page.ts';
import { loadWeights } from '../../weights/load.ts';
import { networkFor } from '../prepare/start-weights.ts';
import { type FoundNetwork, findNetwork, type NetworkQuestion } from './find-network.ts';

export interface ExplainRequest extends NetworkQuestion {
  readonly topic: ExplainTopic;
  /** The path of the page to write; none by default. */
  readonly page?: string;
  readonly storage: Storage;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Explains one side of a network, in figures computed from its layers, and as a page with drawings.
 * @throws VggtuneError (usage) when the subject is no network, or a file of somebody else is in the page's place, (data)
 *   when a file is damaged or the page cannot be written
 */
export async function explain(request: ExplainRequest): Promise<Explained> {
  const target = request.page === undefined ? undefined : resolve(request.page);
  if (target !== undefined) await refuseForeignPage(target, '--page');
  const found = await findNetwork(request);
  const { network, what } = found;
  const { parameters, macs } = totalsOf(layerTable(network));
  const explained = {
    subject: request.subject,
    what,
    size: network.preprocessing.size,
    totals: { parameters, macs },
    lesson: lessonOf(network, request),
  };
  if (target === undefined) return explained;
  const kernels = request.topic === 'kernels' ? await firstKernels(found, request) : undefined;
  await writeFileAtomic(target, await lessonPage(explained, kernels));
  request.emit({ type: 'file', path: target, what: 'the page' });
  return { ...explained, page: target };
}

function lessonOf(network: NetworkSpec, request: ExplainRequest): Lesson {
  switch (request.topic) {
    case 'receptive-field':
      return fieldLesson(network);
    case 'kernels':
      return kernelLesson(network);
    case 'dense':
      return denseLesson(network);
    case 'strategies':
      return strategyLesson(plannedStrategies(network, request));
  }
}

/** Each strategy with its presets on this backbone. */
export function plannedStrategies(
  network: NetworkSpec,
  { head }: Pick<NetworkQuestion, 'head'> = {},
): PlannedStrategy[] {
  const { backbone: name, classes, preprocessing } = network;
  const backbone = BACKBONES.find((each) => each === name);
  const image = { size: preprocessing.size };
  const given = {
    data: '.',
    image,
    ...(backbone && { backbone }),
    ...(head && { head: { kind: head } }),
  };
  const settings = Settings.of({ origin: 'explain', values: given });
  return STRATEGIES.map((strategy) => {
    const config = settings.instead(strategy).for(strategy);
    return {
      strategy,
      config,
      network: networkFor(config, classes, preprocessing),
      views: cachedViews(config),
      isFresh: augments(config) && config.augment.views === 0,
    };
  });
}

/**
 * The kernels of the first convolution, [out, 3, k, k] for RGB; undefined where no pretrained weights are on this
 * machine.
 * @throws VggtuneError (data) when a file is damaged
 */
async function firstKernels(
  { network, file }: FoundNetwork,
  { storage, signal }: ExplainRequest,
): Promise<Tensor | undefined> {
  const { preprocessing } = network;
  const backbone = BACKBONES.find((each) => each === network.backbone);
  if (backbone === undefined) return undefined;
  // With this head the file needs to hold the convolutions alone.
  const head = { kind: 'linear', dropout: 0, hidden: 1 } as const;
  const bare = buildNetwork({ backbone, head, classes: 2, preprocessing });
  const request = { network: bare, source: file ?? 'auto', seed: 0, storage, signal };
  try {
    const { weights, newLayers } = await loadWeights({ ...request, offline: true });
    return newLayers.has('conv1_1') ? undefined : weights.get('conv1_1.weight');
  } catch (error) {
    if (error instanceof VggtuneError && error.kind === 'unavailable') return undefined;
    throw error;
  }
}

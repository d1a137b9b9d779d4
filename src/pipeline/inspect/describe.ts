import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { usageError } from '../../base/errors.ts';
import { unlessMachineFails } from '../../base/machine-failure.ts';
import { didYouMean } from '../../base/suggest.ts';
import { fromMetadata, type ModelDescription } from '../../export/metadata.ts';
import { openTensorFile } from '../../formats/open.ts';
import type { TensorFile } from '../../formats/tensor-file.ts';
import { ALEXNETS, type AlexNetName, alexNetTable, alexNetWindows } from '../../network/alexnet.ts';
import { buildNetwork } from '../../network/build.ts';
import {
  BACKBONE_ROWS,
  BACKBONES,
  type BackboneName,
  type HeadName,
} from '../../network/catalog.ts';
import { HEAD_NORM } from '../../network/head.ts';
import { compareKernels, type KernelComparison } from '../../network/kernels.ts';
import {
  type LayerRow,
  layerTable,
  type NetworkTotals,
  totalsOf,
} from '../../network/layer-table.ts';
import { plainPreprocessing } from '../../network/preprocessing.ts';
import {
  backboneWindows,
  type ReceptiveFieldStep,
  receptiveFieldSteps,
} from '../../network/receptive-field.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { readRecord } from '../../run/run-records.ts';
import { runPaths } from '../../run/store.ts';
import { recognise, structureOf } from '../../weights/recognise.ts';
import { MODEL_FILE } from '../prepare/trained-model.ts';

/** The layers of a network. */
export interface Description {
  readonly subject: string;
  /** What the subject is, in words. */
  readonly what: string;
  /** The input: channels, height, width. */
  readonly input: readonly [number, number, number];
  readonly layers: readonly LayerRow[];
  readonly totals: NetworkTotals;
  readonly receptiveField: readonly ReceptiveFieldStep[];
  /** AlexNet's layers beside VGG's, and what stacks of small kernels save. */
  readonly comparison?: {
    readonly alexnet: { readonly source: string; readonly layers: readonly LayerRow[] };
    /** The side of the map that kernels are compared on. */
    readonly side: number;
    readonly channels: number;
    readonly kernels: readonly KernelComparison[];
  };
}

export interface DescribeRequest {
  /** A network's name, a run folder, or a file of weights. */
  readonly subject: string;
  /** The head of a network given by name; by default that of the paper. */
  readonly head?: HeadName;
  /** The side of the input of a network given by name. */
  readonly size?: number;
  /** The number of classes of a network given by name; 1000 by default. */
  readonly classes?: number;
  /** Channels of the maps that kernels are compared on. */
  readonly compare?: number;
}

/** Side of the map for the comparison of kernels: that of VGG's third block at 224 pixels. */
const COMPARED_SIDE = 56;

/**
 * The layers of a network with shapes, costs and receptive fields.
 * @throws VggtuneError (usage) when the subject is none of the three, (data) when a file is damaged
 */
export async function describe(request: DescribeRequest): Promise<Description> {
  const described = await describeSubject(request);
  if (request.compare === undefined) return described;
  const channels = request.compare;
  const side = COMPARED_SIDE;
  const alexnet = { source: ALEXNETS.alexnet.source, layers: alexNetTable('alexnet') };
  const kernels = compareKernels({ channels, side });
  return { ...described, comparison: { alexnet, side, channels, kernels } };
}

async function describeSubject(request: DescribeRequest): Promise<Description> {
  const { subject } = request;
  if (Object.hasOwn(ALEXNETS, subject)) return describeAlexNet(subject as AlexNetName);
  const backbone = BACKBONES.find((name) => name === subject);
  if (backbone !== undefined) return describeNetwork(subject, catalogNetwork(backbone, request));
  const found = await stat(subject).catch(unlessMachineFails(undefined));
  if (found?.isDirectory()) return describeRun(subject);
  if (found?.isFile()) return describeFile(subject);
  throw unknownSubject(subject);
}

function catalogNetwork(backbone: BackboneName, request: DescribeRequest) {
  const row = BACKBONE_ROWS[backbone];
  const kind = request.head ?? (row.denseWidth === undefined ? 'linear' : 'vgg');
  const network = buildNetwork({
    backbone,
    head: { kind, dropout: 0.5, hidden: 256 },
    classes: request.classes ?? 1000,
    preprocessing: plainPreprocessing(request.size ?? row.size),
  });
  return { network, what: `${backbone} with the head "${kind}" and ${network.classes} classes` };
}

interface Found {
  readonly network: NetworkSpec;
  readonly what: string;
  readonly trained?: ReadonlySet<string>;
}

function describeNetwork(subject: string, { network, what, trained }: Found): Description {
  const { size } = network.preprocessing;
  const layers = layerTable(network, trained);
  return {
    subject,
    what,
    input: [3, size, size],
    layers,
    totals: totalsOf(layers),
    receptiveField: receptiveFieldSteps(backboneWindows(network)),
  };
}

function describeAlexNet(name: AlexNetName): Description {
  const { size, source } = ALEXNETS[name];
  const layers = alexNetTable(name);
  return {
    subject: name,
    what: `AlexNet (${source}), for comparison: it cannot be trained here`,
    input: [3, size, size],
    layers,
    totals: totalsOf(layers),
    receptiveField: receptiveFieldSteps(alexNetWindows(name)),
  };
}

async function describeRun(folder: string): Promise<Description> {
  const plan = await readRecord(runPaths(folder), 'plan');
  const path = join(folder, MODEL_FILE);
  const finished = await stat(path).then(() => true, unlessMachineFails(false));
  if (!finished) {
    throw usageError(`the run in ${folder} has no model yet`, {
      expected: path,
      found: 'no such file',
      where: folder,
      fix: 'let it end: `vggtune train --resume` goes on with it',
    });
  }
  return withFile(path, (file) => {
    const model = fromMetadata(file.metadata, path);
    const what = `run by strategy ${plan.strategy}: ${modelText(model)}`;
    const trained = new Set(plan.trained);
    return describeNetwork(folder, { network: networkOf(model), what, trained });
  });
}

function describeFile(path: string): Promise<Description> {
  return withFile(path, (file) => {
    if (file.metadata.format === 'vggtune-model') {
      const model = fromMetadata(file.metadata, path);
      const what = `${file.format} model: ${modelText(model)}`;
      return describeNetwork(path, { network: networkOf(model), what });
    }
    return describeNetwork(path, foundIn(file));
  });
}

/** Describes a file of published weights, whose network is derived from its tensors. */
function foundIn(file: TensorFile): Found {
  const found = recognise(file);
  const { backbone, classes, tensors, preprocessing } = found;
  if (backbone === undefined) {
    throw usageError(`${file.where} holds a VGG that is not in the catalog`, {
      expected: BACKBONES.join(', '),
      found: structureOf(found),
      where: file.where,
    });
  }
  const kind = kindOfHead(tensors);
  const hidden = tensors.get('fc7.weight')?.shape[0] ?? 256;
  const network = buildNetwork({
    backbone,
    head: { kind, dropout: 0.5, hidden },
    classes: classes ?? 1000,
    preprocessing: preprocessing ?? plainPreprocessing(BACKBONE_ROWS[backbone].size),
  });
  const head = classes === undefined ? 'no output layer; shown with 1000 classes' : `head ${kind}`;
  return { network, what: `${file.format} weights (${found.family}): ${backbone}, ${head}` };
}

function kindOfHead(tensors: ReadonlyMap<string, unknown>): HeadName {
  if (tensors.has('fc6.weight')) return 'vgg';
  if (tensors.has('fc7.weight')) return 'mlp';
  return tensors.has(`${HEAD_NORM}.weight`) ? 'levels' : 'linear';
}

const modelText = ({ backbone, head, labels }: ModelDescription) =>
  `${backbone} with the head "${head.kind}" and ${labels.length} classes`;

function networkOf({ backbone, head, labels, preprocessing }: ModelDescription): NetworkSpec {
  return buildNetwork({ backbone, head, classes: labels.length, preprocessing });
}

async function withFile<T>(path: string, use: (file: TensorFile) => T): Promise<T> {
  const file = await openTensorFile(path);
  try {
    return use(file);
  } finally {
    await file.close();
  }
}

function unknownSubject(subject: string): Error {
  const names = [...BACKBONES, ...Object.keys(ALEXNETS)];
  const guess = didYouMean(subject, names);
  return usageError(`there is no network, run or file "${subject}"`, {
    expected: `one of ${names.join(', ')}, the folder of a run, or a file of weights`,
    found: subject,
    fix: guess ?? 'check the name or the path',
  });
}

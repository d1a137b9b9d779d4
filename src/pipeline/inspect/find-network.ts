import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { usageError } from '../../base/errors.ts';
import { unlessMachineFails } from '../../base/machine-failure.ts';
import { didYouMean } from '../../base/suggest.ts';
import { fromMetadata, type ModelDescription } from '../../export/metadata.ts';
import { openTensorFile } from '../../formats/open.ts';
import type { TensorFile } from '../../formats/tensor-file.ts';
import { buildNetwork } from '../../network/build.ts';
import {
  BACKBONE_ROWS,
  BACKBONES,
  type BackboneName,
  type HeadName,
} from '../../network/catalog.ts';
import { HEAD_NORM } from '../../network/head.ts';
import { plainPreprocessing } from '../../network/preprocessing.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { readRecord } from '../../run/run-records.ts';
import { runPaths } from '../../run/store.ts';
import { recognise, structureOf } from '../../weights/recognise.ts';
import { MODEL_FILE } from '../prepare/trained-model.ts';

export interface NetworkQuestion {
  /** A network's name, a run folder, or a file of weights. */
  readonly subject: string;
  /** The head of a network given by name; by default that of the paper. */
  readonly head?: HeadName;
  /** The side of the input of a network given by name. */
  readonly size?: number;
  /** The number of classes of a network given by name; 1000 by default. */
  readonly classes?: number;
}

/** A network, and what is known of it. */
export interface FoundNetwork {
  readonly network: NetworkSpec;
  /** What the subject is, in words. */
  readonly what: string;
  /** The names of the layers that a run has trained, where there is a run. */
  readonly trained?: ReadonlySet<string>;
  /** The file that the network was read from; absent for one of the catalog. */
  readonly file?: string;
}

/**
 * Finds the network that a user names: one of the catalog, that of a run, or that of a file of weights.
 * @param others names that the caller knows beside these, for the error
 * @throws VggtuneError (usage) when the subject is none of the three, (data) when a file is damaged
 */
export async function findNetwork(
  question: NetworkQuestion,
  others: readonly string[] = [],
): Promise<FoundNetwork> {
  const { subject } = question;
  const backbone = BACKBONES.find((name) => name === subject);
  if (backbone !== undefined) return catalogNetwork(backbone, question);
  const found = await stat(subject).catch(unlessMachineFails(undefined));
  if (found?.isDirectory()) return networkOfRun(subject);
  if (found?.isFile()) return networkOfFile(subject);
  throw unknownSubject(subject, [...BACKBONES, ...others]);
}

function catalogNetwork(backbone: BackboneName, question: NetworkQuestion): FoundNetwork {
  const row = BACKBONE_ROWS[backbone];
  const kind = question.head ?? (row.denseWidth === undefined ? 'linear' : 'vgg');
  const network = buildNetwork({
    backbone,
    head: { kind, dropout: 0.5, hidden: 256 },
    classes: question.classes ?? 1000,
    preprocessing: plainPreprocessing(question.size ?? row.size),
  });
  return { network, what: `${backbone} with the head "${kind}" and ${network.classes} classes` };
}

async function networkOfRun(folder: string): Promise<FoundNetwork> {
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
    return { network: networkOf(model), what, trained, file: path };
  });
}

function networkOfFile(path: string): Promise<FoundNetwork> {
  return withFile(path, (file) => {
    if (file.metadata.format === 'vggtune-model') {
      const model = fromMetadata(file.metadata, path);
      const what = `${file.format} model: ${modelText(model)}`;
      return { network: networkOf(model), what, file: path };
    }
    return { ...foundIn(file), file: path };
  });
}

/** The network of a file of published weights, which is derived from its tensors. */
function foundIn(file: TensorFile): FoundNetwork {
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

function unknownSubject(subject: string, names: readonly string[]): Error {
  const guess = didYouMean(subject, names);
  return usageError(`there is no network, run or file "${subject}"`, {
    expected: `one of ${names.join(', ')}, the folder of a run, or a file of weights`,
    found: subject,
    fix: guess ?? 'check the name or the path',
  });
}

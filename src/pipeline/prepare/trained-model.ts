import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dataError, usageError } from '../../base/errors.ts';
import { unlessMachineFails } from '../../base/machine-failure.ts';
import { type NamedTensors, sameShape } from '../../base/tensor.ts';
import { decodeSpec } from '../../dataset/pixel-specs.ts';
import type { DecodeSpec } from '../../dataset/types.ts';
import type { Engine, ForwardProgram } from '../../engines/engine.ts';
import { fromMetadata, type ModelDescription } from '../../export/metadata.ts';
import { readSafetensors } from '../../formats/safetensors.ts';
import { buildNetwork } from '../../network/build.ts';
import { parameterShapes } from '../../network/parameters.ts';
import type { NetworkSpec } from '../../network/spec.ts';

/** A trained model as a run has left it, with all that is needed to use it. */
export interface TrainedModel {
  readonly description: ModelDescription;
  readonly network: NetworkSpec;
  readonly weights: NamedTensors;
  readonly decode: DecodeSpec;
}

/** The run's own copy of its model; every other export is made from it. */
export const MODEL_FILE = join('model', 'model.safetensors');

/**
 * @param run a run folder, or a model file
 * @throws VggtuneError (usage) when it holds no model, (data) when the model is damaged
 */
export async function loadModel(run: string): Promise<TrainedModel> {
  const given = resolve(run);
  const path = given.endsWith('.safetensors') ? given : join(given, MODEL_FILE);
  const found = await stat(path).catch(unlessMachineFails(undefined));
  if (found?.isFile() !== true) {
    throw usageError(`there is no trained model in ${run}`, {
      expected: path,
      found: 'no such file',
      where: run,
      fix: 'name the folder of a run that has ended; an interrupted one goes on with `vggtune train --resume`',
    });
  }
  const { tensors, metadata } = await readSafetensors(path);
  const description = fromMetadata(metadata, path);
  const { backbone, head, labels, preprocessing, background } = description;
  const network = buildNetwork({ backbone, head, classes: labels.length, preprocessing });
  expectTensors(path, network, tensors);
  return { description, network, weights: tensors, decode: decodeSpec(network, background) };
}

/** The metadata names a network; the tensors have to be those of that one. */
function expectTensors(path: string, network: NetworkSpec, tensors: NamedTensors): void {
  for (const [name, shape] of parameterShapes(network)) {
    const found = tensors.get(name)?.shape;
    if (found !== undefined && sameShape(found, shape)) continue;
    throw dataError(`${path} does not hold the network that it names`, {
      expected: `${name} of shape [${shape}], for ${network.backbone} with the head "${network.head}" and ${network.classes} classes`,
      found: found === undefined ? 'no such tensor' : `shape [${found}]`,
      where: path,
      fix: 'export the run again',
    });
  }
}

/** The whole network, from pixels to probabilities. */
export function compileModel(
  engine: Engine,
  model: Pick<TrainedModel, 'network' | 'weights'>,
  batchSize: number,
): Promise<ForwardProgram> {
  const { network, weights } = model;
  const to = network.layers.length;
  return engine.compileForward({ network, weights, from: 0, to, batchSize, softmax: true });
}

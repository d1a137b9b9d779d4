import type { io } from '@tensorflow/tfjs';
import { sizeOf } from '../base/tensor.ts';
import {
  readSavedModelGraph,
  type SavedModelAttribute,
  type SavedModelGraph,
  type SavedModelNode,
  TF_TYPES,
} from '../formats/saved-model.ts';
import { loadTfjs, runnerOf, type TfjsRunner } from './tfjs-run.ts';

/**
 * Runs the graph of a SavedModel in TensorFlow.js, whose converter's executor knows TensorFlow's
 * operators: the graph goes to it as it is in the file, but with its constants apart.
 * @throws VggtuneError (unavailable) when TensorFlow.js is not installed
 */
export async function openSavedModelGraph(folder: string): Promise<TfjsRunner> {
  const { tf, backend } = await loadTfjs();
  const artifacts = artifactsOf(await readSavedModelGraph(folder));
  const model = await tf.loadGraphModel({ load: async () => artifacts });
  return runnerOf(tf, model, { backend, pixelType: 'int32' });
}

function artifactsOf({ node, versions }: SavedModelGraph): io.ModelArtifacts {
  const tensorOf = ({ attr }: SavedModelNode) =>
    attr.find(({ key }) => key === 'value')?.value.tensor;
  // A text (the path of an asset) takes no part in the computation.
  const used = node.filter((each) => tensorOf(each)?.dtype !== TF_TYPES.string);
  const constants = used.flatMap((each) => {
    const tensor = tensorOf(each);
    return tensor === undefined ? [] : [{ name: each.name, tensor }];
  });
  const nodes = used.map(({ name, op, input, attr }) => {
    const attributes = attr.map(({ key, value }) => [key, forJson(value)]);
    return { name, op, input, attr: Object.fromEntries(attributes) };
  });
  return {
    format: 'graph-model',
    modelTopology: { node: nodes, versions },
    weightSpecs: constants.map(({ name, tensor }) => ({
      name,
      shape: tensor.tensorShape.dim.map(({ size }) => size),
      dtype: tensor.dtype === TF_TYPES.int32 ? 'int32' : 'float32',
    })),
    weightData: constants.map(({ tensor }) => {
      const bytes = tensor.tensorContent;
      if (bytes.length !== 4 * sizeOf(tensor.tensorShape.dim.map(({ size }) => size))) {
        throw new Error('a constant without its content');
      }
      return Uint8Array.from(bytes).buffer;
    }),
  };
}

/** JSON has no bytes: texts are in base64, and the constants' content is not repeated. */
function forJson({ tensor, s, ...rest }: SavedModelAttribute): object {
  if (tensor !== undefined) return { tensor: { dtype: tensor.dtype } };
  return s === undefined ? rest : { s: Buffer.from(s).toString('base64') };
}

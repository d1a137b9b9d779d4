import { sizeOf } from '../../base/tensor.ts';
import type { OnnxModel } from '../../formats/onnx-model.ts';
import type { Preprocessing } from '../../network/spec.ts';
import type { Naming } from '../naming.ts';
import type { SourceTensor } from '../source-tensor.ts';
import { preprocessingOf } from './affine.ts';
import { type Constant, type Graph, indexGraph, notUnderstood } from './graph.ts';
import {
  type GraphConvolution,
  type GraphDense,
  type GraphNetwork,
  outputsOf,
  shapeOf,
  walkGraph,
} from './walk.ts';

export interface NamedGraph extends Naming {
  /** What is part of the graph, before the first convolution. */
  readonly preprocessing: Preprocessing | undefined;
}

/**
 * Names the tensors of an ONNX model by what its graph does with them. Names say nothing there: exporters give
 * numbers to tensors, fold batch norms and transpose kernels.
 * @throws VggtuneError (data) where the graph is no VGG: says at which node
 */
export function nameGraph(model: OnnxModel, where: string): NamedGraph {
  const graph = indexGraph(model, where);
  const network = walkGraph(graph);
  const convolutions = convolutionTensors(graph, network);
  const head = headTensors(network);
  const tensors = new Map([...convolutions, ...(head ?? [])]);
  const preprocessing = preprocessingOf(network.affine, network.side);
  const used = new Set([...tensors.values()].map(({ name }) => name));
  const floats = model.initializers.filter(
    ({ type, shape }) => type.startsWith('float') && sizeOf(shape) > 16,
  );
  return {
    family: network.channelsLast ? 'keras' : 'torchvision',
    tensors,
    surplus: floats.map(({ name }) => name).filter((name) => !used.has(name)),
    notes: notesOf(network, { head, preprocessing }),
    preprocessing,
  };
}

function convolutionTensors(
  graph: Graph,
  { convolutions }: GraphNetwork,
): [string, SourceTensor][] {
  const deaf = convolutions.find(({ relu }) => !relu);
  if (convolutions.length < 2) throw notUnderstood(graph, undefined, 'less than two convolutions');
  if (deaf !== undefined) {
    throw notUnderstood(
      graph,
      undefined,
      `no ReLU behind the convolution with "${deaf.kernel.name}"`,
    );
  }
  const normed = convolutions.filter(({ norm }) => norm !== undefined).length;
  if (normed > 0 && normed < convolutions.length) {
    throw notUnderstood(graph, undefined, 'a batch norm behind some of the convolutions only');
  }
  const pooled = convolutions.find(({ pools }) => pools > 1);
  if (pooled !== undefined) throw notUnderstood(graph, undefined, 'two max-pools in a row');
  let [block, place] = [1, 0];
  return convolutions.flatMap((layer) => {
    place++;
    const id = `${block}_${place}`;
    if (layer.pools > 0) [block, place] = [block + 1, 0];
    return layerTensors(graph, layer, id);
  });
}

const EPSILON = 1e-5;

function layerTensors(graph: Graph, layer: GraphConvolution, id: string): [string, SourceTensor][] {
  const { kernel, bias, norm } = layer;
  const shape = shapeOf(kernel);
  const order = kernel.axes.join();
  const layout = order === '0,1,2,3' ? 'same' : order === '3,2,0,1' ? 'hwio' : undefined;
  if (layout === undefined)
    throw notUnderstood(
      graph,
      undefined,
      `a kernel "${kernel.name}" with its axes in the order ${order}`,
    );
  const parts = ['weight', 'bias', 'running_mean', 'running_var'];
  const shift = (norm?.epsilon ?? EPSILON) - EPSILON;
  const norms = (norm?.vectors ?? []).map((vector, at): [string, SourceTensor] => [
    `bn${id}.${parts[at]}`,
    {
      ...vectorTensor(vector, shape[0] ?? 0),
      ...(at === 3 && Math.abs(shift) > 1e-9 ? { shift } : {}),
    },
  ]);
  return [
    [`conv${id}.weight`, { name: kernel.name, layout, shape }],
    [`conv${id}.bias`, vectorTensor(bias, shape[0] ?? 0)],
    ...norms,
  ];
}

function vectorTensor(constant: Constant | undefined, length: number): SourceTensor {
  return constant === undefined
    ? { name: '', layout: 'zeros', shape: [length] }
    : { name: constant.name, layout: 'same', shape: [length] };
}

/** The classifier, where it is one of the heads `linear`, `mlp` and `vgg`. */
function headTensors(network: GraphNetwork): [string, SourceTensor][] | undefined {
  const { dense, flattened, unread } = network;
  const relus = dense.map(({ relu }) => relu);
  const hidden = relus.slice(0, -1).every((relu) => relu) && relus.at(-1) === false;
  if (unread !== undefined || !hidden) return undefined;
  const names = { averaged: [['fc8'], ['fc7', 'fc8']], flat: [['fc6', 'fc7', 'fc8']] };
  const forms = flattened === 'averaged' ? names.averaged : names.flat;
  const own = forms.find(({ length }) => length === dense.length);
  const tensors = own?.map((name, at) => denseTensors(name, dense[at], network));
  return tensors?.some((each) => each === undefined)
    ? undefined
    : tensors?.flatMap((each) => each ?? []);
}

function denseTensors(
  name: string,
  layer: GraphDense | undefined,
  { flattened }: GraphNetwork,
): [string, SourceTensor][] | undefined {
  if (layer === undefined) return undefined;
  const { kernel, form, bias } = layer;
  const outputs = outputsOf(layer);
  const inputs = sizeOf(kernel.shape) / Math.max(1, outputs);
  const turned = kernel.axes.join() !== kernel.shape.map((_, axis) => axis).join();
  if (turned && form === 'convolution') return undefined;
  const stored = turned ? (form === 'in-out' ? 'out-in' : 'in-out') : form;
  const last = name === 'fc6' && flattened === 'hwc';
  if (last && stored !== 'in-out') return undefined;
  const layout = { 'in-out': 'transpose', 'out-in': 'same', convolution: 'flatten' } as const;
  const weight: SourceTensor = {
    name: kernel.name,
    layout: last ? 'transpose-hwc' : layout[stored],
    shape: [outputs, inputs],
  };
  return [
    [`${name}.weight`, weight],
    [`${name}.bias`, vectorTensor(bias, outputs)],
  ];
}

function notesOf(
  network: GraphNetwork,
  { head, preprocessing }: { head: unknown; preprocessing: Preprocessing | undefined },
): string[] {
  const notes: string[] = [];
  if (network.dense.length > 0 && head === undefined) {
    const why = network.unread === undefined ? '' : ` (${network.unread})`;
    notes.push(
      `its classifier of ${network.dense.length} dense layers fits none of the heads linear, mlp and vgg${why}, and is left out`,
    );
  }
  if (preprocessing !== undefined) {
    const most = preprocessing.scale === 1 ? 255 : 1;
    notes.push(`the preprocessing is part of the graph, whose pixels go from 0 to ${most}`);
  }
  return notes;
}

import { buildNetwork } from '../network/build.ts';
import { BACKBONE_ROWS, BACKBONES, HEADS, type HeadName } from '../network/catalog.ts';
import { networkCost } from '../network/cost.ts';
import { denseWindow, strideOf } from '../network/dense-to-conv.ts';
import { plainPreprocessing } from '../network/preprocessing.ts';
import type { NetworkSpec } from '../network/spec.ts';

/** A dense layer, and the convolution that computes the same. */
export interface DenseLayer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly parameters: number;
  /** The share of all parameters of the network. */
  readonly share: number;
  /** Side and channels of the kernels of the convolution: [outputs, channels, kernel, kernel]. */
  readonly kernel: number;
  readonly channels: number;
}

/** What the network would hold with another head. */
export interface HeadOption {
  readonly head: HeadName;
  /** The parameters of the head alone. */
  readonly parameters: number;
  /** Those of the whole network. */
  readonly total: number;
}

/** The network run over an image that is larger than those it was trained on. */
export interface LargerImage {
  /** Side of the image, in pixels. */
  readonly size: number;
  /** Side of the last map. */
  readonly map: number;
  /** Side of the map of scores. */
  readonly scores: number;
  /** Multiply-adds of the one pass. */
  readonly macs: number;
  /** Crops of the trained size at the network's stride that it stands for, and their multiply-adds one by one. */
  readonly crops: number;
  readonly cropMacs: number;
}

/** Where the parameters are, and what dense layers are as convolutions. */
export interface DenseLesson {
  readonly topic: 'dense';
  readonly parameters: { readonly total: number; readonly backbone: number; readonly head: number };
  readonly layers: readonly DenseLayer[];
  readonly heads: readonly HeadOption[];
  /** Side of the window of the last map that one score sees. */
  readonly window: number;
  /** Side of the last map on an image of the trained size. */
  readonly map: number;
  /** Pixels between two windows. */
  readonly stride: number;
  readonly images: readonly LargerImage[];
}

export function denseLesson(network: NetworkSpec): DenseLesson {
  const costs = networkCost(network);
  const sum = (from: number, to?: number) =>
    costs.slice(from, to).reduce((total, { parameters }) => total + parameters, 0);
  const parameters = {
    total: sum(0),
    backbone: sum(0, network.headStart),
    head: sum(network.headStart),
  };
  return {
    topic: 'dense',
    parameters,
    layers: denseLayers(network, parameters.total),
    heads: headOptions(network, parameters.backbone),
    window: denseWindow(network),
    map: mapSide(network),
    stride: strideOf(network.layers),
    images: largerImages(network),
  };
}

const mapSide = ({ shapes, headStart }: NetworkSpec) => shapes[headStart - 1]?.[1] ?? 1;

/** The first dense layer after a map that is flattened has a kernel as large as that map; every other one is 1x1. */
function denseLayers({ layers, shapes }: NetworkSpec, total: number): DenseLayer[] {
  return layers.flatMap((layer, at) => {
    if (layer.kind !== 'dense') return [];
    const before = layers.slice(0, at).findLastIndex(({ kind }) => kind === 'flatten');
    const isFirst = layers.slice(before + 1).find(({ kind }) => kind === 'dense') === layer;
    const kernel = before >= 0 && isFirst ? (shapes[before - 1]?.[1] ?? 1) : 1;
    const { name, inputs, outputs } = layer;
    const parameters = inputs * outputs + outputs;
    const channels = inputs / kernel ** 2;
    return [{ name, inputs, outputs, parameters, share: parameters / total, kernel, channels }];
  });
}

/** Width of the hidden layer of the heads that have one, where the network does not say it. */
const HIDDEN = 256;

function headOptions(network: NetworkSpec, backbone: number): HeadOption[] {
  const row = rowOf(network);
  // The head `vgg` wants a map of a least size.
  const possible = HEADS.filter((head) => head !== 'vgg' || mapSide(network) >= row.headMap);
  return possible.map((kind) => {
    const { headStart, ...other } =
      kind === network.head ? network : withHead(network, kind, network.preprocessing.size);
    const costs = networkCost({ ...other, headStart });
    const parameters = costs.slice(headStart).reduce((sum, each) => sum + each.parameters, 0);
    return { head: kind, parameters, total: backbone + parameters };
  });
}

function rowOf({ backbone }: NetworkSpec) {
  const name = BACKBONES.find((each) => each === backbone);
  if (name === undefined) throw new Error(`${backbone} is not in the catalog`);
  return { ...BACKBONE_ROWS[name], name };
}

function withHead(network: NetworkSpec, kind: HeadName, size: number): NetworkSpec {
  const row = rowOf(network);
  // The published networks fix the width of the head of the paper, which no other head has.
  const isOwn = network.head === 'mlp' || row.denseWidth === undefined;
  const hidden = network.layers.find(({ name }) => isOwn && name === 'fc7');
  return buildNetwork({
    backbone: row.name,
    head: { kind, dropout: 0, hidden: hidden?.kind === 'dense' ? hidden.outputs : HIDDEN },
    classes: network.classes,
    preprocessing: plainPreprocessing(size),
  });
}

/** Sides of the images, in sides of the trained one. */
const SCALES = [1, 1.5, 2, 3] as const;

function largerImages(network: NetworkSpec): LargerImage[] {
  const { headStart, preprocessing } = network;
  const stride = strideOf(network.layers);
  const window = denseWindow(network);
  const costs = networkCost(network).map(({ macs }) => macs);
  const sum = (macs: readonly number[]) => macs.reduce((total, each) => total + each, 0);
  const trained = mapSide(network);
  const sizes = SCALES.map((scale) =>
    scale === 1 ? preprocessing.size : Math.round((preprocessing.size * scale) / stride) * stride,
  );
  return [...new Set(sizes)].map((size) => {
    const larger = withHead(network, 'linear', size);
    const map = mapSide(larger);
    const scores = map - window + 1;
    const crops = (map - trained + 1) ** 2;
    const backbone = sum(
      networkCost(larger)
        .slice(0, headStart)
        .map(({ macs }) => macs),
    );
    const macs = backbone + scores ** 2 * sum(costs.slice(headStart));
    return { size, map, scores, macs, crops, cropMacs: crops * sum(costs) };
  });
}

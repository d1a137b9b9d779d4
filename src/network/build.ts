import { usageError } from '../base/errors.ts';
import { BACKBONE_ROWS, type BackboneName, type BackboneRow } from './catalog.ts';
import { type HeadSpec, headLayers } from './head.ts';
import { layerShapes } from './shapes.ts';
import type { Layer, NetworkSpec, Preprocessing } from './spec.ts';

export interface NetworkRequest {
  readonly backbone: BackboneName;
  readonly head: HeadSpec;
  readonly classes: number;
  /** Its `size` is the side of the input. */
  readonly preprocessing: Preprocessing;
}

/**
 * A network of the catalog with its head, from pixels to logits.
 * @throws VggtuneError (usage) when the head or the backbone does not take the input size
 */
export function buildNetwork(request: NetworkRequest): NetworkSpec {
  return buildFromRow(BACKBONE_ROWS[request.backbone], request);
}

/** The same for a row that is not in the catalog, such as a narrower VGG. */
export function buildFromRow(
  row: BackboneRow,
  request: Omit<NetworkRequest, 'backbone'>,
): NetworkSpec {
  const { head, classes, preprocessing } = request;
  const { size } = preprocessing;
  expectSize(row, size);
  const backbone = backboneLayers(row);
  const input = [3, size, size];
  const features = layerShapes(backbone, input).at(-1) ?? input;
  const layers = [
    ...backbone,
    ...headLayers(row, head, { features, pools: poolsOf(row), classes }),
  ];
  return {
    backbone: row.name,
    head: head.kind,
    classes,
    preprocessing,
    layers,
    shapes: layerShapes(layers, input),
    headStart: backbone.length,
  };
}

function expectSize(row: BackboneRow, size: number): void {
  const smallest = 2 ** row.convolutions.length;
  if (Number.isInteger(size) && size >= smallest) return;
  throw usageError(`${row.name} cannot take images of ${size} x ${size} pixels`, {
    expected: `a whole number of at least ${smallest}: its ${row.convolutions.length} pools halve the image each time`,
    found: String(size),
    where: 'image.size',
    fix: `use ${row.size}, which ${row.name} was made for, or any size from ${smallest} up`,
  });
}

function backboneLayers(row: BackboneRow): Layer[] {
  const layers: Layer[] = [];
  let inChannels = 3;
  row.convolutions.forEach((convolutions, block) => {
    const outChannels = row.widths[block] ?? inChannels;
    for (let index = 1; index <= convolutions; index++) {
      const id = `${block + 1}_${index}`;
      layers.push({ kind: 'conv', name: `conv${id}`, inChannels, outChannels, kernel: 3 });
      if (row.batchNorm) layers.push(batchNorm(`bn${id}`, outChannels));
      layers.push({ kind: 'relu', name: `relu${id}` });
      inChannels = outChannels;
    }
    layers.push({ kind: 'maxpool', name: `pool${block + 1}`, size: 2 });
  });
  return layers;
}

const poolsOf = ({ widths }: BackboneRow) =>
  widths.map((channels, block) => ({ layer: `pool${block + 1}`, channels }));

/** PyTorch's defaults, which the published networks were trained with. */
function batchNorm(name: string, channels: number): Layer {
  return { kind: 'batchnorm', name, channels, epsilon: 1e-5, momentum: 0.1 };
}

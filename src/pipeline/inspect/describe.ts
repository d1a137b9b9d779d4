import { ALEXNETS, type AlexNetName, alexNetTable, alexNetWindows } from '../../network/alexnet.ts';
import { compareKernels, type KernelComparison } from '../../network/kernels.ts';
import {
  type LayerRow,
  layerTable,
  type NetworkTotals,
  totalsOf,
} from '../../network/layer-table.ts';
import {
  backboneWindows,
  type ReceptiveFieldStep,
  receptiveFieldSteps,
} from '../../network/receptive-field.ts';
import { type FoundNetwork, findNetwork, type NetworkQuestion } from './find-network.ts';

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

export interface DescribeRequest extends NetworkQuestion {
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
  return describeNetwork(subject, await findNetwork(request, Object.keys(ALEXNETS)));
}

function describeNetwork(subject: string, { network, what, trained }: FoundNetwork): Description {
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

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamedTensors, Tensor } from '../base/tensor.ts';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import { boundaryBehind } from '../network/boundary.ts';
import { tensorOf } from '../network/fold-batch-norm.ts';
import { layerParameters } from '../network/parameters.ts';
import type { Layer, NetworkSpec, Preprocessing } from '../network/spec.ts';
import type { Exporter } from './exporter.ts';
import { type ExportModel, modelCard } from './model.ts';
import { IMAGE_IMPORT, uprightFunction } from './python-image.ts';
import { code, readme } from './readme.ts';

const INSIDE =
  'nothing; `load.py` does it (RGB scaled to 0-1, mean, standard deviation), with the channel order already folded into the first convolution';

/** safetensors with torchvision's names, and a script that puts them into `torchvision.models.VGG`. */
export const exporter: Exporter = {
  async write({ model, folder }) {
    const card = modelCard(model, INSIDE);
    await writeSafetensors(join(folder, 'model.safetensors'), torchTensors(model), {
      format: 'pt',
      vggtune: JSON.stringify(card),
    });
    await writeFile(join(folder, 'load.py'), loadScript(model), { flag: 'wx' });
    return { card, readme: torchReadme(model) };
  },
  check: { by: 'reader', read: readBack },
};

/**
 * torchvision numbers the layers of `features` and of `classifier`; the canonical order is the same,
 * so a layer's number is its place.
 */
export function torchNames(network: NetworkSpec): ReadonlyMap<string, string> {
  const { layers, headStart } = network;
  const start = 1 + layers.findLastIndex(isPooling);
  const names = layers.flatMap((layer, index) => {
    const place = index < headStart ? `features.${index}` : `classifier.${index - start}`;
    return layerParameters(layer).map(({ name }): [string, string] => [
      name,
      place + name.slice(layer.name.length),
    ]);
  });
  return new Map(names);
}

/**
 * The layers before `classifier`, which torchvision has outside of it; for `levels` the flattening is inside.
 */
const isPooling = ({ kind }: Layer, _: number, layers: readonly Layer[]) =>
  layers.some((layer) => layer.kind === 'levels')
    ? kind === 'levels'
    : kind === 'flatten' || kind === 'gap';

function torchTensors({ network, weights }: ExportModel): NamedTensors {
  const rgb = network.preprocessing.channels === 'rgb';
  const tensors = new Map<string, Tensor>();
  for (const [name, torchName] of torchNames(network)) {
    const tensor = tensorOf(weights, name);
    tensors.set(torchName, name === 'conv1_1.weight' && !rgb ? swapChannels(tensor) : tensor);
  }
  return tensors;
}

/** A convolution over BGR as one over RGB, and the other way round. */
function swapChannels({ shape, data }: Tensor): Tensor {
  const [, channels = 0, height = 1, width = 1] = shape;
  const area = height * width;
  const swapped = data.map((_, index) => {
    const channel = Math.floor(index / area) % channels;
    return data[index + (channels - 1 - 2 * channel) * area] ?? 0;
  });
  return { shape, data: swapped };
}

async function readBack(folder: string, model: ExportModel): Promise<NamedTensors> {
  const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
  const rgb = model.network.preprocessing.channels === 'rgb';
  const names = [...torchNames(model.network)].map(([name, torchName]): [string, Tensor] => {
    const tensor = tensorOf(tensors, torchName);
    return [name, name === 'conv1_1.weight' && !rgb ? swapChannels(tensor) : tensor];
  });
  return new Map(names);
}

/** What torchvision's `make_layers` takes for a layer of a backbone: it adds batch norms and ReLUs itself. */
function featureRow(layer: Layer): string[] {
  switch (layer.kind) {
    case 'conv':
      return [String(layer.outChannels)];
    case 'maxpool':
      return ['"M"'];
    case 'batchnorm':
    case 'relu':
      return [];
    case 'avgpool':
    case 'gap':
    case 'levels':
    case 'flatten':
    case 'dense':
    case 'dropout':
      throw new Error(`torchvision's features have no ${layer.kind}`);
  }
}

/** torchvision's form: RGB / 255, then mean and deviation, in RGB order. */
function torchPreprocessing({ channels, scale, mean, std }: Preprocessing) {
  const ordered = (values: readonly number[]) =>
    (channels === 'rgb' ? values : [...values].reverse()).map((value) => value / (255 * scale));
  return { mean: ordered(mean), std: ordered(std) };
}

function loadScript({ network, background }: ExportModel): string {
  return `"""Loads the model into torchvision's VGG: \`python load.py PICTURE...\` prints the classes."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
${IMAGE_IMPORT}
from safetensors.torch import load_file
from torch import nn
from torchvision import transforms
from torchvision.models.vgg import VGG, make_layers

HERE = Path(__file__).parent
LABELS = json.loads((HERE / "labels.json").read_text(encoding="utf-8"))


${levelsClass(network)}${buildFunction(network)}


def load_model():
    model = build_model()
    model.load_state_dict(load_file(str(HERE / "model.safetensors")))
    return model.eval()


${uprightFunction(background)}


${preprocessSteps(network.preprocessing)}


${MAIN}`;
}

const MAIN = `if __name__ == "__main__":
    # Names of classes may have letters that the encoding of this machine lacks.
    sys.stdout.reconfigure(encoding="utf-8")
    network = load_model()
    for path in sys.argv[1:]:
        with torch.no_grad():
            logits = network(preprocess(Image.open(path))[None])
        probability, label = logits.softmax(1).max(1)
        print(path, LABELS[label.item()], f"{probability.item():.4f}")
`;

function buildFunction(network: NetworkSpec): string {
  const backbone = network.layers.slice(0, network.headStart);
  const rows = backbone.flatMap(featureRow);
  return `def build_model():
    layers = [${rows.join(', ')}]
    features = make_layers(layers, batch_norm=${backbone.some(({ kind }) => kind === 'batchnorm') ? 'True' : 'False'})
    model = ${hasLevels(network) ? 'LevelsVGG' : 'VGG'}(features, num_classes=${network.classes}, init_weights=False)
    model.avgpool = nn.AdaptiveAvgPool2d(${poolSize(network)})
    model.classifier = nn.Sequential(
${classifier(network).join('\n')}
    )
    return model`;
}

function preprocessSteps(preprocessing: Preprocessing): string {
  const { size, resize } = preprocessing;
  const { mean, std } = torchPreprocessing(preprocessing);
  return `preprocess = transforms.Compose([
    transforms.Lambda(upright),
    transforms.Resize(${Math.max(size, resize)}, interpolation=transforms.InterpolationMode.BILINEAR),
    transforms.CenterCrop(${size}),
    transforms.ToTensor(),
    transforms.Normalize(mean=[${mean.join(', ')}], std=[${std.join(', ')}]),
])`;
}

const hasLevels = ({ layers }: NetworkSpec) => layers.some(({ kind }) => kind === 'levels');

/** The head `levels` reads several of the features' layers, which torchvision's VGG does not. */
function levelsClass(network: NetworkSpec): string {
  const levels = network.layers.find((layer) => layer.kind === 'levels');
  if (levels?.kind !== 'levels') return '';
  const places = levels.sources.map(({ layer }) => boundaryBehind(network, layer) - 1);
  return `class LevelsVGG(VGG):
    """The means of several pools, one behind the other, go into the classifier."""

    def forward(self, x):
        levels = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in [${places.join(', ')}]:
                levels.append(x.mean((2, 3), keepdim=True))
        return self.classifier(torch.cat(levels, 1))


`;
}

function poolSize(network: NetworkSpec): number {
  const head = network.layers.slice(network.headStart);
  if (head.some(({ kind }) => kind === 'gap')) return 1;
  const pool = head.find((layer) => layer.kind === 'avgpool');
  return pool?.size ?? network.shapes[network.headStart - 1]?.[1] ?? 1;
}

function classifier(network: NetworkSpec): string[] {
  const flattens = hasLevels(network);
  return network.layers.slice(network.headStart).flatMap((layer) => {
    const module = torchModule(layer, flattens);
    return module === undefined ? [] : [`        ${module},`];
  });
}

/** A layer of a head; undefined for what torchvision's VGG does outside of its classifier. */
function torchModule(layer: Layer, flattens: boolean): string | undefined {
  switch (layer.kind) {
    case 'dense':
      return `nn.Linear(${layer.inputs}, ${layer.outputs})`;
    case 'relu':
      return 'nn.ReLU(True)';
    case 'batchnorm':
      return `nn.BatchNorm2d(${layer.channels}, eps=${layer.epsilon})`;
    case 'dropout':
      return `nn.Dropout(${layer.rate})`;
    case 'flatten':
      return flattens ? 'nn.Flatten()' : undefined;
    // The pools of a head are the network's own `avgpool`; convolutions are its `features`.
    case 'avgpool':
    case 'gap':
    case 'levels':
    case 'conv':
    case 'maxpool':
      return undefined;
  }
}

function torchReadme(model: ExportModel): string {
  const load = `from load import LABELS, load_model, preprocess
from PIL import Image

model = load_model()  # a torchvision.models.VGG
probabilities = model(preprocess(Image.open("picture.jpg"))[None]).softmax(1)[0]
print(LABELS[probabilities.argmax().item()], probabilities.max().item())`;
  return readme(model, {
    title: 'PyTorch',
    inside: INSIDE,
    body: `With torch, torchvision and safetensors installed, \`python load.py picture.jpg\` prints the class, or:\n\n${code('python', load)}`,
  });
}

"""The small networks of formula.py as torchvision's VGG."""
import importlib

import torch
import torchvision
from torch import nn

import formula as f

CFG = [item for count, width in zip(f.COUNTS, f.WIDTHS) for item in [width] * count + ["M"]]


def network(head="vgg", norm=False, conv_bias=True):
    features = torchvision.models.vgg.make_layers(CFG, batch_norm=norm)
    if not conv_bias:
        for module in features:
            if isinstance(module, nn.Conv2d):
                module.bias = None
    model = torchvision.models.VGG(features, num_classes=f.CLASSES, init_weights=False)
    model.avgpool = nn.AdaptiveAvgPool2d(2 if head == "vgg" else 1)
    layers = []
    for _, outputs, inputs in f.HEADS[head]:
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(0.5)]
    model.classifier = nn.Sequential(*layers[:-2])
    fill(model, head, norm, conv_bias)
    return model.eval()


@torch.no_grad()
def fill(model, head, norm=False, conv_bias=True):
    """Gives a network of any library the numbers of the formula, in the order of its layers."""
    numbers = list(f.canonical(head, norm).items())
    if not conv_bias:
        numbers = [(k, v) for k, v in numbers if not (k.startswith("conv") and k.endswith("bias"))]
    own = [t for k, t in model.state_dict().items() if not k.endswith("num_batches_tracked")]
    for tensor, (_, value) in zip(own, numbers, strict=True):
        tensor.copy_(torch.from_numpy(value).reshape(tensor.shape))
    return model


@torch.no_grad()
def halved(model):
    """Other weights than the averaged ones."""
    for tensor in model.parameters():
        tensor.mul_(0.5)
    return model


def optional(module):
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        print(f"left out: {missing}", flush=True)
        return None

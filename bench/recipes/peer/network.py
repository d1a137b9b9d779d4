"""VGG16's convolutions with Keras's weights, and what is read from them."""

from pathlib import Path

import h5py
import numpy as np
import torch
from torch import nn

from .images import batch_of, plain

BLOCKS = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
WIDTH = 512
AT_ONCE = 16


class Backbone:
    """`lower` ends with pool4, `top` is block 5 with pool5; `pooled` is the average of pool5."""

    def __init__(self, weights, bf16=False, cache=None):
        self.bf16 = bf16
        self.cache = Path(cache) if cache else None
        blocks = blocks_from(weights)
        self.lower = nn.Sequential(*blocks[:4]).to(memory_format=torch.channels_last)
        self.top = nn.Sequential(*blocks[4:]).to(memory_format=torch.channels_last)

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.bf16)

    def convolutions(self):
        """In the order of the network."""
        layers = [*self.lower.modules(), *self.top.modules()]
        return [layer for layer in layers if isinstance(layer, nn.Conv2d)]

    def forward(self, batch):
        return pooled(self.top(self.lower(batch)))

    @torch.inference_mode()
    def at_pool4(self, side, size):
        found = []
        for at in range(0, len(side), AT_ONCE):
            with self.autocast():
                found.append(self.lower(batch_of(side.pictures[at : at + AT_ONCE], plain(size))))
        return torch.cat(found).float().clone()

    @torch.inference_mode()
    def averages(self, side, size):
        """Of pool5, a row a picture; what the cache holds is not computed again."""
        rows = {key: row for key in side.keys if (row := self.cached(key, size)) is not None}
        missing = [at for at, key in enumerate(side.keys) if key not in rows]
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            batch = batch_of([side.pictures[at] for at in some], plain(size))
            with self.autocast():
                features = self.forward(batch).float().numpy()
            for at, row in zip(some, features):
                rows[side.keys[at]] = row
                self.keep(side.keys[at], size, row)
        return np.stack([rows[key] for key in side.keys])

    def path_of(self, key, size):
        return self.cache / f"{size}{'-bf16' if self.bf16 else ''}" / f"{key[:32]}.npy"

    def cached(self, key, size):
        if self.cache is None or not self.path_of(key, size).exists():
            return None
        return np.load(self.path_of(key, size))

    def keep(self, key, size, row):
        if self.cache is not None:
            self.path_of(key, size).parent.mkdir(parents=True, exist_ok=True)
            np.save(self.path_of(key, size), row)


def pooled(maps):
    return maps.float().mean(dim=(2, 3))


def blocks_from(weights):
    """Keras's kernels are height, width, inputs, outputs; their inputs are blue, green, red."""
    blocks, inputs = [], 3
    with h5py.File(weights) as file:
        for block, (width, count) in enumerate(BLOCKS, 1):
            layers = []
            for number in range(1, count + 1):
                layer = nn.Conv2d(inputs, width, 3, padding=1)
                name = f"block{block}_conv{number}"
                kernel, bias = kernel_and_bias(file, name)
                layer.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
                layer.bias.data = torch.from_numpy(bias)
                layers += [layer, nn.ReLU(inplace=True)]
                inputs = width
            blocks.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
    return blocks


def kernel_and_bias(file, name):
    """Older files have one more level, or Keras's W_1 and b_1."""
    found = {}
    group = file["model_weights"][name] if "model_weights" in file else file[name]
    group.visititems(lambda path, item: found.update({path: item}) if hasattr(item, "shape") else None)
    kernel = next(np.array(item) for item in found.values() if item.ndim == 4)
    return kernel, next(np.array(item) for item in found.values() if item.ndim == 1)

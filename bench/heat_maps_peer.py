"""Captum's Grad-CAM on the PyTorch export of a run, beside the maps that heat-maps.js has written.

    python heat_maps_peer.py EXPORTS/pytorch MAPS.json

Where the head reads several pools, the maps of all are added up on the grid of the last one, before the negative
part is cut off: the gradient is that of one sum.
"""

import json
import sys

import numpy as np
import torch
from captum.attr import LayerGradCam

folder, maps = sys.argv[1:]
sys.path.insert(0, folder)
from load import LABELS, load_model, preprocess  # noqa: E402

model = load_model()
normalise = preprocess.transforms[-2:]
pools = [at for at, layer in enumerate(model.features) if isinstance(layer, torch.nn.MaxPool2d)]
read = pools[-1:]
if type(model).__name__ == "LevelsVGG":
    read = pools[-3:]


class Tap(torch.nn.Module):
    """What the head reads of a pool: another tensor than the one from which later convolutions go on."""

    def forward(self, x):
        return x.clone()


taps = torch.nn.ModuleDict({str(at): Tap() for at in read})


def forward(x):
    levels = []
    for at, layer in enumerate(model.features):
        x = layer(x)
        if at in read:
            levels.append(taps[str(at)](x).mean((2, 3), keepdim=True))
    means = torch.cat(levels, 1)
    return model.classifier(means if len(read) > 1 else means.flatten(1))


worst = 1.0
for each in json.load(open(maps)):
    size, rows, columns = each["size"], each["rows"], each["columns"]
    pixels = np.array(each["pixels"], np.uint8).reshape(size, size, 3)
    x = pixels
    for step in normalise:
        x = step(x)
    with torch.no_grad():
        assert torch.allclose(forward(x[None]), model(x[None]), atol=1e-4)
    total = torch.zeros(1, 1, rows, columns)
    for at in read:
        cam = LayerGradCam(forward, taps[str(at)]).attribute(
            x[None], target=LABELS.index(each["label"]), relu_attributions=False
        )
        # The gradient of a mean is a share of its number of cells: what a block of cells adds is their sum.
        block = cam.shape[-1] // columns
        total += torch.nn.functional.avg_pool2d(cam, block) * block * block
    peer = total.clamp(min=0).flatten().detach().numpy()
    ours = np.array(each["values"])
    correlation = np.corrcoef(peer, ours)[0, 1]
    worst = min(worst, correlation)
    print(f"{correlation:.6f}  {each['label']}  {each['image']}")
print(f"least correlation {worst:.6f}")

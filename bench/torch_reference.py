"""The work of bench/work.js in PyTorch: python3 torch_reference.py ROW FORMAT.

ROW is a row of bench/rows.js as JSON, FORMAT `nchw` (PyTorch's default) or `channels_last`.
A line on stdin is one round; the answer is a line of JSON, as from work.js.
"""

import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = {
    "vgg16": [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)],
    "vgg-nano": [(16, 1), (32, 1), (64, 2), (96, 2), (128, 2)],
}
BATCH_NORM = {"vgg-nano"}
# Small passes suit PyTorch too: they are faster an image than the whole batch, and take less memory.
MICRO_BATCH = {("vgg16", "forward"): 8, ("vgg16", "step"): 4}

row = json.loads(sys.argv[1])
memory_format = torch.channels_last if sys.argv[2] == "channels_last" else torch.contiguous_format
torch.set_num_threads(len(os.sched_getaffinity(0)))


def convolutions():
    """The blocks after the layer `after`, and the channels and side of what goes in."""
    after = int(row["after"][len("pool") :]) if "after" in row else 0
    blocks = BLOCKS[row["backbone"]]
    channels = blocks[after - 1][0] if after else 3
    layers, inputs = [], channels
    for outputs, count in blocks[after:]:
        for _ in range(count):
            layers.append(nn.Conv2d(inputs, outputs, 3, padding=1))
            if row["backbone"] in BATCH_NORM:
                layers.append(nn.BatchNorm2d(outputs))
            layers.append(nn.ReLU(inplace=True))
            inputs = outputs
        layers.append(nn.MaxPool2d(2))
    return layers, (channels, row["size"] >> after), inputs


layers, (channels, side), features = convolutions()
if row["kind"] == "step":
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(features, 10)]
model = nn.Sequential(*layers).to(memory_format=memory_format)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
batch = row["batch"]
images = torch.randn(batch, channels, side, side).contiguous(memory_format=memory_format)
labels = torch.arange(batch) % 10
micro_batch = min(batch, MICRO_BATCH.get((row["backbone"], row["kind"]), batch))


def forward():
    model.eval()
    with torch.no_grad():
        for part in images.split(micro_batch):
            model(part)


def step():
    model.train()
    optimizer.zero_grad()
    for part, wanted in zip(images.split(micro_batch), labels.split(micro_batch)):
        F.cross_entropy(model(part), wanted, reduction="sum").div(batch).backward()
    optimizer.step()


def reply(**message):
    print(json.dumps(message), flush=True)


reply(version=torch.__version__)
for _ in sys.stdin:
    start = time.perf_counter()
    forward() if row["kind"] == "forward" else step()
    seconds = (time.perf_counter() - start) / batch
    reply(seconds=seconds, peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)

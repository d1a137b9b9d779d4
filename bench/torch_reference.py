"""The work of bench/work.js in PyTorch: python3 torch_reference.py ROW VARIANT.

ROW is a row of bench/rows.js as JSON with the layers that bench/network.js adds to it. VARIANT is one of
  nchw           float32 in PyTorch's default memory format
  channels_last  float32 in the format that PyTorch recommends for convolutions
  compiled       the same through torch.compile, which needs a C++ compiler
  bfloat16       channels_last under torch.autocast, at the precision of bfloat16
A line on stdin is one round; the answer is a line of JSON, as from work.js.
"""

import contextlib
import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

# Small passes suit PyTorch too: they are faster an image than the whole batch, and take less memory.
MICRO_BATCH = {("vgg16", "forward"): 8, ("vgg16", "step"): 4}

# A module for each kind of layer in src/network/spec.ts that the rows have.
MODULES = {
    "conv": lambda at: nn.Conv2d(at["inChannels"], at["outChannels"], at["kernel"], padding=at["kernel"] // 2),
    "batchnorm": lambda at: nn.BatchNorm2d(at["channels"], eps=at["epsilon"], momentum=at["momentum"]),
    "relu": lambda at: nn.ReLU(inplace=True),
    "maxpool": lambda at: nn.MaxPool2d(at["size"]),
    "gap": lambda at: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "dropout": lambda at: nn.Dropout(at["rate"]),
    "dense": lambda at: nn.Linear(at["inputs"], at["outputs"]),
}

row, variant = json.loads(sys.argv[1]), sys.argv[2]
memory_format = torch.contiguous_format if variant == "nchw" else torch.channels_last
torch.set_num_threads(len(os.sched_getaffinity(0)))

layers = [MODULES[layer["kind"]](layer) for layer in row["layers"]]
network = nn.Sequential(*layers).to(memory_format=memory_format)
model = torch.compile(network) if variant == "compiled" else network
optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)
batch = row["batch"]
images = torch.randn(batch, *row["input"]).contiguous(memory_format=memory_format)
labels = torch.arange(batch) % row["classes"]
micro_batch = min(batch, MICRO_BATCH.get((row["backbone"], row["kind"]), batch))


def precision():
    if variant == "bfloat16":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def forward():
    model.eval()
    with torch.no_grad(), precision():
        for part in images.split(micro_batch):
            model(part)


def step():
    model.train()
    optimizer.zero_grad()
    for part, wanted in zip(images.split(micro_batch), labels.split(micro_batch)):
        with precision():
            logits = model(part)
        F.cross_entropy(logits.float(), wanted, reduction="sum").div(batch).backward()
    optimizer.step()


def reply(**message):
    print(json.dumps(message), flush=True)


def run_round():
    forward() if row["kind"] == "forward" else step()


if variant == "compiled":
    try:
        run_round()
    except Exception as error:  # Whatever the compiler lacks, the other variants can run.
        reply(error=str(error).splitlines()[0])
        sys.exit()
reply(version=torch.__version__)
for _ in sys.stdin:
    start = time.perf_counter()
    run_round()
    seconds = (time.perf_counter() - start) / batch
    reply(seconds=seconds, peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)

"""Ways to train block 5 from the solved head, beside each other: optimizers and rates, averaged weights,
Auto-RGN, label smoothing. What they bring over the head, on test images and by what validation images say.

    VENV/bin/python bench/recipes/tries.py --weights vgg16_notop.h5 --data HOME/data/icons-0 \
        --out tries.ndjson
    VENV/bin/python bench/recipes/tries.py --table tries.ndjson

The environment is that of peers.py. As in vggtune's `top`, the head reads the averages of pool3, pool4 and
pool5, centred and divided by one deviation a pool, keeps its penalty, and its training sees the maps of
pool4 once computed. Each result is a line of JSON; what is there already is not done again.
"""

import argparse
import copy
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from peer.images import load
from peer.network import AT_ONCE, Backbone, batch_of, plain, pooled
from peer.training import split
from sklearn.linear_model import LogisticRegressionCV
from threadpoolctl import threadpool_limits
from torch import nn, optim

EPOCHS, BATCH = 8, 16
LOOKS = (1, 3, 8)
PENALTIES = [10.0**power for power in range(-5, 2)]
EMA_DECAY = 0.95  # a step

VARIANTS = {
    "adam 3e-6": {"rate": 3e-6},
    "adam 1e-5": {"rate": 1e-5},
    "adam 3e-5": {"rate": 3e-5},
    "adam 1e-4": {"rate": 1e-4},
    "adam 3e-5, smoothing 0.1": {"rate": 3e-5, "smoothing": 0.1},
    "adam 3e-5, penalty x10": {"rate": 3e-5, "penalty": 10},
    "adamw 3e-5, decay 0.05": {"rate": 3e-5, "kind": "adamw"},
    "adam 3e-5, auto-rgn": {"rate": 3e-5, "auto_rgn": True},
    "sgd 1e-4": {"rate": 1e-4, "kind": "sgd"},
    "sgd 1e-3": {"rate": 1e-3, "kind": "sgd"},
}


class Levels(nn.Module):
    """Block 5 and a linear layer on three standardised averages; inputs are (averages, maps of pool4)."""

    def __init__(self, top, train):
        super().__init__()
        self.top = copy.deepcopy(top)
        with torch.no_grad():
            averages = self.raw(train)
            centred = averages - averages.mean(0)
            pools = centred.split((256, 512, 512), 1)
            scales = [pool.std().clamp_min(1e-6).expand(pool.shape[1]) for pool in pools]
        self.register_buffer("mean", averages.mean(0))
        self.register_buffer("scale", torch.cat(scales))
        self.linear = None

    def raw(self, inputs):
        lower, maps = inputs
        return torch.cat([lower, pooled(self.top(maps))], 1)

    def features(self, inputs):
        return (self.raw(inputs) - self.mean) / self.scale

    def forward(self, inputs):
        return self.linear(self.features(inputs))

    def solve(self, inputs, labels):
        """@returns the penalty of the mean loss, for half the squared norm"""
        with torch.inference_mode(), threadpool_limits(1):
            features = self.features(inputs).numpy().astype(np.float64)
        folds = max(2, min(5, int(np.bincount(labels).min())))
        size = float((features**2).sum(1).mean())
        strengths = [1 / (each * size * len(labels) * 0.01) for each in PENALTIES]
        with threadpool_limits(1):
            found = LogisticRegressionCV(
                Cs=strengths, cv=folds, l1_ratios=(0,), scoring="neg_log_loss", max_iter=3000,
                use_legacy_attributes=False,
            ).fit(features, labels)
        coefficients, intercept = found.coef_, found.intercept_
        if len(coefficients) == 1:
            coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
            intercept = np.concatenate([-intercept / 2, intercept / 2])
        self.linear = nn.Linear(features.shape[1], len(coefficients))
        self.linear.weight.data = torch.tensor(coefficients, dtype=torch.float32)
        self.linear.bias.data = torch.tensor(intercept, dtype=torch.float32)
        return 1 / (float(found.C_) * len(labels))


@torch.inference_mode()
def inputs_of(backbone, side, size):
    """The averages of pool3 and pool4, and the maps of pool4."""
    lower, maps = [], []
    for at in range(0, len(side), AT_ONCE):
        third = backbone.lower[:3](batch_of(side.pictures[at : at + AT_ONCE], plain(size)))
        fourth = backbone.lower[3](third)
        lower.append(torch.cat([pooled(third), pooled(fourth)], 1))
        maps.append(fourth)
    return torch.cat(lower).clone(), torch.cat(maps).clone()


def some(inputs, indices):
    return inputs[0][indices], inputs[1][indices]


@torch.inference_mode()
def looked(network, inputs, labels):
    """@returns accuracy, and the loss of each image"""
    order = torch.arange(len(labels)).split(AT_ONCE)
    logits = torch.cat([network(some(inputs, part)) for part in order])
    losses = F.cross_entropy(logits, labels, reduction="none")
    return float((logits.argmax(1) == labels).float().mean()), losses.numpy()


def optimizer_of(network, options, first):
    kind = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD}[options.get("kind", "adam")]
    more = {"adamw": {"weight_decay": 0.05}, "sgd": {"momentum": 0.9}}.get(options.get("kind"), {})
    parts = [*network.top.parameters(), *network.linear.parameters()]
    rates = [options["rate"]] * len(parts)
    if options.get("auto_rgn"):
        # Lee et al. 2023: each tensor's rate is in proportion to its relative gradient norm.
        gradients = torch.autograd.grad(F.cross_entropy(network(first[0]), first[1]), parts)
        ratios = [float(g.norm() / p.norm().clamp_min(1e-12)) for g, p in zip(gradients, parts)]
        rates = [options["rate"] * ratio / max(ratios) for ratio in ratios]
    return kind([{"params": [p], "lr": rate} for p, rate in zip(parts, rates)], lr=options["rate"], **more)


def averaged(start, network, weight):
    """Weights between two networks: `weight` of the second."""
    mixed = copy.deepcopy(start)
    with torch.no_grad():
        for into, other in zip(mixed.parameters(), network.parameters()):
            into.lerp_(other, weight)
    return mixed


def train(start, options, data, look):
    """Trains for EPOCHS and looks at what came out, and at averages with what was before."""
    inputs, labels, penalty = data
    network, ema = copy.deepcopy(start), copy.deepcopy(start)
    penalty = penalty * options.get("penalty", 1)
    optimizer = optimizer_of(network, options, (some(inputs, slice(0, 64)), labels[:64]))
    per_epoch = -(-len(labels) // BATCH)
    total = per_epoch * EPOCHS

    def factor(step):
        return min(1, (step + 1) / per_epoch) * 0.5 * (1 + np.cos(np.pi * step / total))

    schedule = optim.lr_scheduler.LambdaLR(optimizer, factor)
    for epoch in range(1, EPOCHS + 1):
        for part in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(
                network(some(inputs, part)), labels[part], label_smoothing=options.get("smoothing", 0)
            )
            (loss + penalty / 2 * network.linear.weight.square().sum()).backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                for kept, new in zip(ema.parameters(), network.parameters()):
                    kept.lerp_(new, 1 - EMA_DECAY)
        if epoch in LOOKS:
            look(f"{epoch}", network)
            look(f"{epoch} ema", ema)
            look(f"{epoch} half", averaged(start, network, 0.5))


def measure(options, folder):
    out = Path(options.out)
    done = {(row["set"], row["try"]) for row in rows_of(out)}
    named = options.tries.split("; ") if options.tries else VARIANTS
    wanted = [name for name in named if (folder.name, name) not in done]
    if not wanted:
        return
    torch.manual_seed(0)
    data = load(folder, options.size)
    backbone = Backbone(options.weights)
    everything, test = (inputs_of(backbone, side, options.size) for side in (data.train, data.test))
    labels, test_labels = torch.from_numpy(data.train.labels), torch.from_numpy(data.test.labels)
    trained, held_out = (torch.from_numpy(part) for part in split(data.train))
    start = Levels(backbone.top, some(everything, trained))
    penalty = start.solve(some(everything, trained), data.train.labels[trained.numpy()])
    at_start = looked(start, test, test_labels)[0]
    before = looked(start, some(everything, held_out), labels[held_out])[1]
    for name in wanted:
        torch.manual_seed(1)
        begun, seen = time.perf_counter(), {}

        def look(when, network):
            losses = looked(network, some(everything, held_out), labels[held_out])[1]
            gain = before - losses
            error = float(gain.std(ddof=1) / len(gain) ** 0.5)
            accuracy = looked(network, test, test_labels)[0]
            seen[when] = {"test": accuracy, "gain": float(gain.mean()), "error": error}

        train(start, VARIANTS[name], (some(everything, trained), labels[trained], penalty), look)
        row = {"set": folder.name, "try": name, "images": len(trained), "start": at_start, "seen": seen}
        row["loss"], row["seconds"] = float(before.mean()), round(time.perf_counter() - begun, 1)
        with out.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(folder.name, name, f"{100 * at_start:.1f} ->", f"{100 * seen['8']['test']:.1f}", flush=True)


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line] if path.exists() else []


def chosen(suffix, gain):
    """The look of the most gain on validation images; the start where none has any."""

    def rule(seen):
        looks = [seen[f"{epoch}{suffix}"] for epoch in LOOKS]
        best = max(looks, key=lambda each: each[gain])
        return best if best[gain] > 0 else {"test": None}

    return rule


RULES = {
    "last epoch": lambda seen: seen["8"],
    "last, average": lambda seen: seen["8 ema"],
    "last, half way": lambda seen: seen["8 half"],
    "least loss": chosen("", "gain"),
    "least calibrated": chosen("", "tempered gain"),
    "average, least loss": chosen(" ema", "gain"),
    "average, least calibrated": chosen(" ema", "tempered gain"),
}


def table(rows):
    """Points of test accuracy over the head that each began at, in the mean over the sets."""
    by_try = defaultdict(list)
    for row in rows:
        by_try[row["try"]].append(row)
    print(f"| {' | '.join(['try', 'sets', *RULES])} |\n|{' --- |' * (len(RULES) + 2)}")
    for name, found in by_try.items():
        cells = []
        for rule in RULES.values():
            gains = []
            for row in found:
                accuracy = rule(row["seen"])["test"]
                gains.append(0 if accuracy is None else 100 * (accuracy - row["start"]))
            cells.append(f"{np.mean(gains):+.1f} ({min(gains):+.1f})")
        print(f"| {' | '.join([name, str(len(found)), *cells])} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights")
    parser.add_argument("--data", nargs="+", default=[])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tries", help="only these, with '; ' between them")
    parser.add_argument("--out")
    parser.add_argument("--table")
    options = parser.parse_args()
    if options.table:
        return table(rows_of(Path(options.table)))
    torch.set_num_threads(options.threads)
    for folder in map(Path, options.data):
        measure(options, folder)


if __name__ == "__main__":
    main()

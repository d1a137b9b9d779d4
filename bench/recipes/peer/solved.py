"""Linear probing, then fine-tuning: training begins at the solved head (Kumar et al. 2022). The rate
is the one with the least loss on held-out pictures; the training with it is repeated on all of them."""

import copy

import torch
from torch import optim

from .head import Head, solve
from .images import batches, flipped
from .network import pooled
from .training import WholeNetwork, epoch, judge, split

TOP = {"rates": [3e-6, 1e-5, 3e-5, 1e-4], "epochs": 12}
ALL = {"rates": [5e-6, 2e-5, 5e-5], "epochs": 4, "layer_decay": 0.8}


def run_top(backbone, data, options):
    """Block 5 and the head, on the maps of pool4."""
    epochs = options.epochs or TOP["epochs"]
    maps = {side: backbone.at_pool4(getattr(data, side), data.size) for side in ("train", "test")}
    labels = {side: torch.from_numpy(getattr(data, side).labels) for side in ("train", "test")}

    def train(indices, rate):
        """@returns the network as a function of maps"""
        chosen = data.train.some(indices)
        top, head = copy.deepcopy(backbone.top), head_of(backbone, chosen, data.size)
        optimizer = optim.AdamW([*top.parameters(), *head.parameters()], lr=rate)

        def forward(inputs):
            with backbone.autocast():
                features = pooled(top(inputs))
            return head(features)

        steps = epochs * -(-len(indices) // options.batch)
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(epochs):
            order = torch.as_tensor(indices)[torch.randperm(len(indices))].split(options.batch)
            parts = ((maps["train"][some], labels["train"][some]) for some in order)
            epoch(forward, parts, optimizer, schedule)
        return forward

    def judged(forward, side, indices):
        order = torch.as_tensor(indices).split(options.batch)
        return judge(forward, ((maps[side][some], labels[side][some]) for some in order))

    return choose(data, TOP["rates"], train, judged, {"epochs": epochs, "batch": options.batch})


def run_all(backbone, data, options):
    """Everything, the lower layers at lower rates; pictures are flipped at random."""
    epochs = options.epochs or ALL["epochs"]

    def train(indices, rate):
        """@returns the network as a function of pictures"""
        chosen = data.train.some(indices)
        own, head = copy.deepcopy(backbone), head_of(backbone, chosen, data.size)
        network = WholeNetwork(own, head)
        groups = [{"params": head.parameters(), "lr": rate}]
        for depth, layer in enumerate(reversed(own.convolutions()), 1):
            groups.append({"params": layer.parameters(), "lr": rate * ALL["layer_decay"] ** depth})
        optimizer = optim.AdamW(groups)
        steps = epochs * -(-len(indices) // options.batch)
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(epochs):
            parts = batches(chosen, flipped(data.size), options.batch, shuffled=True)
            epoch(network, parts, optimizer, schedule)
        return network

    def judged(network, side, indices):
        return network.judge(getattr(data, side).some(indices), data.size, options.batch)

    details = {"epochs": epochs, "batch": options.batch, "layer_decay": ALL["layer_decay"]}
    return choose(data, ALL["rates"], train, judged, details)


def head_of(backbone, side, size):
    regression, standard, _ = solve(backbone.averages(side, size), side.labels)
    return Head(regression, standard)


def choose(data, rates, train, judged, details):
    trained, held_out = split(data.train)
    losses = {rate: judged(train(trained, rate), "train", held_out)[1] for rate in rates}
    rate = min(losses, key=losses.get)
    everything = torch.arange(len(data.train)).numpy()
    accuracy, _ = judged(train(everything, rate), "test", torch.arange(len(data.test)).numpy())
    found = {"rate": rate, "losses": {str(each): round(loss, 4) for each, loss in losses.items()}}
    return accuracy, {**found, **details}

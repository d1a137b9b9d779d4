"""Keras's guide to transfer learning: a new layer behind dropout on frozen features, then everything
at a low rate."""

import torch
from torch import nn, optim

from .images import batches, flipped
from .network import WIDTH
from .training import WholeNetwork, epoch

HEAD_EPOCHS = 20
HEAD_BATCH = 32
EPOCHS = 4


def run(backbone, data, options):
    head = nn.Sequential(nn.Dropout(0.2), nn.Linear(WIDTH, data.classes))
    nn.init.xavier_uniform_(head[1].weight)
    nn.init.zeros_(head[1].bias)
    network = WholeNetwork(backbone, head)
    train_head(head, backbone.averages(data.train, data.size), data.train.labels)
    head.eval()
    frozen, _ = network.judge(data.test, data.size, options.batch)
    head.train()
    parameters = [*backbone.lower.parameters(), *backbone.top.parameters(), *head.parameters()]
    # Keras's epsilon is 1e-7, PyTorch's 1e-8.
    optimizer = optim.Adam(parameters, lr=1e-5, eps=1e-7)
    epochs = options.epochs or EPOCHS
    for _ in range(epochs):
        epoch(network, batches(data.train, flipped(data.size), options.batch, shuffled=True), optimizer)
    head.eval()
    accuracy, _ = network.judge(data.test, data.size, options.batch)
    return accuracy, {"epochs": epochs, "frozen": frozen, "batch": options.batch}


def train_head(head, features, labels):
    features, labels = torch.from_numpy(features), torch.from_numpy(labels)
    optimizer = optim.Adam(head.parameters(), lr=1e-3, eps=1e-7)
    for _ in range(HEAD_EPOCHS):
        order = torch.randperm(len(labels)).split(HEAD_BATCH)
        epoch(head, ((features[some], labels[some]) for some in order), optimizer)

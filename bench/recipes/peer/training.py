"""What the methods that train share."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.model_selection import train_test_split

from .images import batches, plain

HELD_OUT = 0.2


def split(side):
    """@returns the indices to train on and those to validate with, of each class a fifth"""
    everything = np.arange(len(side))
    held_out = max(round(len(side) * HELD_OUT), side.labels.max() + 1)
    return train_test_split(everything, test_size=int(held_out), stratify=side.labels, random_state=0)


@torch.inference_mode()
def judge(forward, parts):
    """@returns accuracy and mean loss over parts of inputs and labels"""
    right, loss, count = 0, 0.0, 0
    for inputs, labels in parts:
        logits = forward(inputs)
        right += int((logits.argmax(1) == labels).sum())
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
        count += len(labels)
    return right / count, loss / count


def epoch(forward, parts, optimizer, schedule=None):
    for inputs, labels in parts:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(forward(inputs), labels).backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()


class WholeNetwork:
    """Backbone and head as one function of pictures."""

    def __init__(self, backbone, head):
        self.backbone, self.head = backbone, head

    def __call__(self, pictures):
        with self.backbone.autocast():
            features = self.backbone.forward(pictures)
        return self.head(features)

    def judge(self, side, size, batch):
        return judge(self, batches(side, plain(size), batch))


def saved(*modules):
    return [{key: value.clone() for key, value in each.state_dict().items()} for each in modules]


def restore(states, *modules):
    for state, module in zip(states, modules):
        module.load_state_dict(state)

"""torchvision's tutorial on transfer learning: a new layer, and everything trained with it. Of the
epochs, the one that is best on held-out pictures is kept."""

from torch import nn, optim

from .images import batches, cropped
from .network import WIDTH
from .training import WholeNetwork, epoch, restore, saved, split

EPOCHS = 8


def run(backbone, data, options):
    head = nn.Linear(WIDTH, data.classes)
    network = WholeNetwork(backbone, head)
    modules = (backbone.lower, backbone.top, head)
    trained, held_out = (data.train.some(indices) for indices in split(data.train))
    optimizer = optim.SGD([each for m in modules for each in m.parameters()], lr=1e-3, momentum=0.9)
    schedule = optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
    best, at, kept = -1.0, 0, saved(*modules)
    epochs = options.epochs or EPOCHS
    for number in range(epochs):
        parts = batches(trained, cropped(data.size), options.batch, shuffled=True)
        epoch(network, parts, optimizer)
        schedule.step()
        accuracy, _ = network.judge(held_out, data.size, options.batch)
        if accuracy > best:
            best, at, kept = accuracy, number + 1, saved(*modules)
    restore(kept, *modules)
    accuracy, _ = network.judge(data.test, data.size, options.batch)
    return accuracy, {"epochs": epochs, "best_epoch": at, "validation": best, "batch": options.batch}

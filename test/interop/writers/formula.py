"""The small networks that the writers save: numbers by a formula that test/weights/writers.test.ts has too."""
import json
import pathlib

import numpy as np

COUNTS = (1, 1, 2, 2, 2)
WIDTHS = (2, 3, 4, 5, 6)
HIDDEN, CLASSES = 8, 3
HEADS = {
    None: [],
    "linear": [("fc8", CLASSES, WIDTHS[-1])],
    "mlp": [("fc7", HIDDEN, WIDTHS[-1]), ("fc8", CLASSES, HIDDEN)],
    # The last map is 2 x 2.
    "vgg": [("fc6", HIDDEN, WIDTHS[-1] * 4), ("fc7", HIDDEN, HIDDEN), ("fc8", CLASSES, HIDDEN)],
}


def convolutions():
    """(name, out, in) in the order of the layers."""
    inputs, rows = 3, []
    for block, (count, width) in enumerate(zip(COUNTS, WIDTHS), start=1):
        for place in range(1, count + 1):
            rows.append((f"{block}_{place}", width, inputs))
            inputs = width
    return rows


def values(n, shape):
    """Element i of tensor n: exact in half precision too."""
    count = int(np.prod(shape))
    return (((37 * np.arange(count) + 11 * n) % 101) / 64 - 0.75).reshape(shape).astype(np.float32)


def canonical(head, norm=False):
    """By canonical name and in canonical layout: kernels [out, in, H, W], dense [out, in] behind C, H, W."""
    tensors = {}

    def add(name, shape):
        tensors[name] = values(len(tensors), shape)

    for name, outputs, inputs in convolutions():
        add(f"conv{name}.weight", (outputs, inputs, 3, 3))
        add(f"conv{name}.bias", (outputs,))
        if norm:
            for part in ("weight", "bias", "running_mean", "running_var"):
                add(f"bn{name}.{part}", (outputs,))
            tensors[f"bn{name}.running_var"] += 1
    for name, outputs, inputs in HEADS[head]:
        add(f"{name}.weight", (outputs, inputs))
        add(f"{name}.bias", (outputs,))
    return tensors


class Index:
    """What was written: a line for each file, with what a reader is to find in it."""

    def __init__(self, folder, software):
        self.folder, self.software, self.rows = pathlib.Path(folder), software, []
        self.folder.mkdir(parents=True, exist_ok=True)

    def add(self, name, form, **facts):
        self.rows.append({"file": name, "software": self.software, "form": form, **facts})
        return self.folder / name

    def write(self, name):
        text = json.dumps(self.rows, indent=1) + "\n"
        (self.folder / name).write_text(text, encoding="utf-8")

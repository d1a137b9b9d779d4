"""Loads each export of a folder by its own load.py into torchvision and compares the answers.

Usage: torch_reads.py FOLDER; prints JSON: case -> largest difference of a probability.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision


def difference(case):
    facts = json.loads((case / "case.json").read_text())
    size = facts["size"]
    pixels = np.fromfile(case / "pixels.bin", np.uint8).reshape(-1, size, size, 3)
    expected = np.fromfile(case / "expected.bin", np.float32).reshape(len(pixels), -1)
    spec = importlib.util.spec_from_file_location("load", case / "pytorch" / "load.py")
    load = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(load)
    model = load.load_model()
    assert isinstance(model, torchvision.models.VGG)
    # The crop is made already: what is left is the scaling and the normalisation.
    to_input = torchvision.transforms.Compose(load.preprocess.transforms[-2:])
    batch = torch.stack([to_input(image) for image in pixels])
    with torch.no_grad():
        found = model(batch).softmax(1).numpy()
    return float(np.abs(found - expected).max())


folder = Path(sys.argv[1])
cases = sorted(path.parent for path in folder.glob("*/case.json"))
print(json.dumps({case.name: difference(case) for case in cases}))

"""Loads each export of a folder into Keras and compares its answers with the expected ones.

Usage: keras_reads.py FOLDER; prints JSON: case -> largest difference of a probability.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np


def difference(case):
    facts = json.loads((case / "case.json").read_text())
    size = facts["size"]
    pixels = np.fromfile(case / "pixels.bin", np.uint8).reshape(-1, size, size, 3)
    expected = np.fromfile(case / "expected.bin", np.float32).reshape(len(pixels), -1)
    model = keras.saving.load_model(case / "keras" / "model.keras")
    found = model.predict(pixels.astype(np.float32), verbose=0)
    return float(np.abs(found - expected).max())


folder = Path(sys.argv[1])
cases = sorted(path.parent for path in folder.glob("*/case.json"))
print(json.dumps({case.name: difference(case) for case in cases}))

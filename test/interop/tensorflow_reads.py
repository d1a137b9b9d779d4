"""Loads each SavedModel of a folder into TensorFlow and compares its answers with the expected ones.

Usage: tensorflow_reads.py FOLDER; prints JSON: case -> largest difference of a probability.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf


def difference(case):
    facts = json.loads((case / "case.json").read_text())
    size = facts["size"]
    pixels = np.fromfile(case / "pixels.bin", np.uint8).reshape(-1, size, size, 3)
    expected = np.fromfile(case / "expected.bin", np.float32).reshape(len(pixels), -1)
    model = tf.saved_model.load(str(case / "savedmodel"))
    serve = model.signatures["serving_default"]
    found = serve(image=tf.constant(pixels))["probabilities"].numpy()
    return float(np.abs(found - expected).max())


folder = Path(sys.argv[1])
cases = sorted(path.parent for path in folder.glob("*/case.json"))
print(json.dumps({case.name: difference(case) for case in cases}))

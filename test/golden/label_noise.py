"""A model of label noise fitted by scipy, and cleanlab's scores on the same probabilities: label_noise.json.

    python3 -m venv venv && venv/bin/pip install cleanlab scipy scikit-learn
    venv/bin/python test/golden/label_noise.py
"""
import json
from pathlib import Path

import numpy as np
from cleanlab.rank import get_label_quality_scores
from scipy.optimize import minimize_scalar
from sklearn.metrics import average_precision_score

SHARPNESS = [2 ** (-1 + i / 5) for i in range(21)]
PRIOR_RATE, PRIOR_IMAGES = 0.03, 20


def case(seed, images, classes, certainty, flips):
    rng = np.random.default_rng(seed)
    truth = np.arange(images) % classes
    logits = rng.normal(size=(images, classes))
    logits[np.arange(images), truth] += certainty
    labels = truth.copy()
    bad = rng.choice(images, flips, replace=False)
    labels[bad] = (labels[bad] + rng.integers(1, classes, flips)) % classes
    # A classifier that was fitted to wrong labels is less sure than it ought to be.
    tempered = 0.5 * logits
    probabilities = (np.exp(tempered) / np.exp(tempered).sum(1, keepdims=True)).round(6)
    probabilities /= probabilities.sum(1, keepdims=True)
    best = None
    for sharpness in SHARPNESS:
        powers = probabilities**sharpness
        own = (powers / powers.sum(1, keepdims=True))[np.arange(images), labels]

        def loss(rate):
            mixed = rate * (1 - own) / (classes - 1) + (1 - rate) * own
            prior = PRIOR_IMAGES * (PRIOR_RATE * np.log(rate) + (1 - PRIOR_RATE) * np.log(1 - rate))
            return -np.log(mixed).sum() - prior

        found = minimize_scalar(loss, bounds=(1e-6, 0.99), method="bounded", options={"xatol": 1e-9})
        if best is None or found.fun < best[0]:
            mistaken = found.x * (1 - own) / (classes - 1)
            best = (found.fun, found.x, sharpness, mistaken / (mistaken + (1 - found.x) * own))
    _, rate, sharpness, wrong = best
    flipped = (labels != truth).tolist()
    quality = get_label_quality_scores(labels, probabilities)
    return {
        "classes": classes,
        "labels": labels.tolist(),
        "flipped": flipped,
        "probabilities": probabilities.ravel().round(6).tolist(),
        "rate": round(rate, 6),
        "sharpness": sharpness,
        "wrong": wrong.round(6).tolist(),
        "cleanlab": round(float(average_precision_score(flipped, -quality)), 4),
    }


cases = [case(1, 120, 4, 4.0, 12), case(2, 90, 3, 5.0, 4), case(3, 150, 6, 2.0, 30)]
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(cases) + "\n")
print([(c["rate"], c["sharpness"], c["cleanlab"], sum(np.array(c["wrong"]) > 0.5)) for c in cases])

"""Optima of penalised multinomial logistic regression by scikit-learn: logistic_regression.json.

    python3 -m venv venv && venv/bin/pip install scikit-learn
    venv/bin/python test/golden/logistic_regression.py
"""
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(7)
SAMPLES, INPUTS, CLASSES = 24, 6, 3
features = rng.normal(size=(SAMPLES, INPUTS)).round(3)
labels = np.arange(SAMPLES) % CLASSES
features[:, 0] += labels
weights = np.where(labels == 1, 2.0, 1.0)

cases = []
for penalty, weighted in [(1.0, False), (0.1, False), (0.001, False), (0.1, True)]:
    used = weights if weighted else np.ones(SAMPLES)
    model = LogisticRegression(C=1 / (penalty * used.sum()), tol=1e-10, max_iter=100_000)
    model.fit(features, labels, sample_weight=used)
    cases.append({
        "penalty": penalty,
        "weights": used.tolist(),
        "kernel": model.coef_.round(6).tolist(),
        "probabilities": model.predict_proba(features[:4]).round(6).tolist(),
    })

path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"features": features.tolist(), "labels": labels.tolist(), "cases": cases}) + "\n")

"""Metrics of random predictions by scikit-learn 1.9: metrics.json.

Run where scikit-learn and numpy are installed: python3 test/golden/metrics.py
"""
import json
from pathlib import Path

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(7)
classes, count = 5, 60
# Class 3 is never the truth and class 4 is never predicted; the rest is better than chance.
labels = rng.choice([0, 1, 2, 4], size=count, p=[0.4, 0.3, 0.2, 0.1])
logits = rng.normal(size=(count, classes))
logits[np.arange(count), labels] += 1.2
logits[:, 4] -= 9
scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
scores = scores.astype(np.float32)
predicted = scores.argmax(1)
everyone = np.arange(classes)
precision, recall, f1, support = metrics.precision_recall_fscore_support(
    labels, predicted, labels=everyone, zero_division=0)


def calibration_error(bins):
    confidence = scores.max(1).astype(np.float64)
    edges = np.digitize(confidence, np.linspace(0, 1, bins + 1), right=True)
    return sum(
        (edges == b).mean() * abs((predicted == labels)[edges == b].mean() - confidence[edges == b].mean())
        for b in np.unique(edges))


result = {
    'classes': classes,
    'labels': labels.tolist(),
    'scores': [float(x) for x in scores.flatten()],
    'accuracy': metrics.accuracy_score(labels, predicted),
    'top2': metrics.top_k_accuracy_score(labels, scores, k=2, labels=everyone),
    'top3': metrics.top_k_accuracy_score(labels, scores, k=3, labels=everyone),
    'logLoss': metrics.log_loss(labels, scores.astype(np.float64), labels=everyone),
    'confusion': metrics.confusion_matrix(labels, predicted, labels=everyone).tolist(),
    'precision': precision.tolist(),
    'recall': recall.tolist(),
    'f1': f1.tolist(),
    'support': support.tolist(),
    'macroF1': metrics.f1_score(labels, predicted, average='macro', zero_division=0),
    'calibrationError15': calibration_error(15),
    'calibrationError10': calibration_error(10),
}
(Path(__file__).parent / 'metrics.json').write_text(json.dumps(result) + '\n')

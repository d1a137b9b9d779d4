"""A logistic regression on frozen features, as scikit-learn chooses it."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegressionCV
from threadpoolctl import threadpool_limits
from torch import nn

FOLDS = 5


@dataclass
class Standard:
    """Each feature less its mean, all divided by one number, which keeps their proportions."""

    mean: np.ndarray
    scale: float

    @staticmethod
    def of(features):
        mean = features.mean(axis=0)
        return Standard(mean, float((features - mean).std()) or 1.0)

    def __call__(self, features):
        return (features - self.mean) / self.scale


def solve(features, labels, scoring="neg_log_loss"):
    """The strength of the penalty is the one that scores best over the folds. Accuracy has many ties
    on few pictures, which go to the strongest penalty.
    @returns the regression, the standard that its features are brought to, and the folds"""
    standard = Standard.of(features)
    folds = max(2, min(FOLDS, int(np.bincount(labels).min())))
    regression = LogisticRegressionCV(
        Cs=10,
        cv=folds,
        l1_ratios=(0,),
        solver="lbfgs",
        scoring=scoring,
        max_iter=5000,
        use_legacy_attributes=False,
    )
    # Matrices this small are slower with two threads, above all on a machine that is shared.
    with threadpool_limits(1):
        regression.fit(standard(features), labels)
    return regression, standard, folds


class Head(nn.Module):
    """The solved regression as a layer that reads the averages of pool5 as they are."""

    def __init__(self, regression, standard):
        super().__init__()
        self.register_buffer("mean", torch.tensor(standard.mean, dtype=torch.float32))
        self.scale = standard.scale
        coefficients, intercept = regression.coef_, regression.intercept_
        if len(coefficients) == 1:
            # Two classes have one row: its logit is that of the second against the first.
            coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
            intercept = np.concatenate([np.zeros(1), intercept])
        self.linear = nn.Linear(coefficients.shape[1], len(coefficients))
        self.linear.weight.data = torch.tensor(coefficients, dtype=torch.float32)
        self.linear.bias.data = torch.tensor(intercept, dtype=torch.float32)

    def forward(self, features):
        return self.linear((features - self.mean) / self.scale)


def judged(backbone, data, scoring):
    features = backbone.averages(data.train, data.size)
    regression, standard, folds = solve(features, data.train.labels, scoring)
    found = regression.predict(standard(backbone.averages(data.test, data.size)))
    details = {"C": float(regression.C_), "folds": folds, "scoring": scoring}
    return float((found == data.test.labels).mean()), details


def run(backbone, data, _options):
    """As scikit-learn's defaults have it."""
    return judged(backbone, data, "accuracy")


def run_by_loss(backbone, data, _options):
    return judged(backbone, data, "neg_log_loss")

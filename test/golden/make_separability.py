"""Makes separability.json: LogME and leave-one-out ridge accuracy, computed the long way in numpy.

Evidence by MacKay's fixed point with full D x D inverses and determinants (You et al. 2021,
equations 2 and 3); the probe by refitting the ridge model once for every image left out, at the
ridge that serves the images of the other four folds best (each class dealt out in turn).
Run: python3 make_separability.py
"""
import json
import os
import numpy as np

RIDGES = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]


def evidence(features, y):
    n, d = features.shape
    gram = features.T @ features
    alpha = beta = 1.0
    for _ in range(11):
        ratio = alpha / beta
        a = alpha * np.eye(d) + beta * gram
        m = beta * np.linalg.solve(a, features.T @ y)
        gamma = np.sum(beta * np.linalg.eigvalsh(gram) / (alpha + beta * np.linalg.eigvalsh(gram)))
        m2, r2 = m @ m, np.sum((features @ m - y) ** 2)
        alpha, beta = gamma / (m2 + 1e-5), (n - gamma) / (r2 + 1e-5)
        if abs(alpha / beta - ratio) / ratio <= 1e-3:
            break
    sign, logdet = np.linalg.slogdet(alpha * np.eye(d) + beta * gram)
    assert sign > 0
    value = d / 2 * np.log(alpha) + n / 2 * np.log(beta) - logdet / 2
    return (value - beta / 2 * r2 - alpha / 2 * m2 - n / 2 * np.log(2 * np.pi)) / n


def logme(features, labels, classes):
    return float(np.mean([evidence(features, (labels == c).astype(float)) for c in range(classes)]))


def probe(features, labels, classes):
    n, d = features.shape
    std = features.std(0)
    x = (features - features.mean(0)) / np.where(std > 1e-12, std, np.inf)
    t = np.eye(classes)[labels]
    by_ridge = []
    for ridge in RIDGES:
        penalty = ridge * n * max(d / n, 1)
        hits = np.zeros(n)
        for i in range(n):
            keep = np.arange(n) != i
            # One more column of ones, unpenalised: the mean is refitted as well.
            design = np.hstack([x[keep], np.ones((n - 1, 1))])
            p = penalty * np.eye(d + 1)
            p[d, d] = 0
            w = np.linalg.solve(design.T @ design + p, design.T @ t[keep])
            hits[i] = np.argmax(np.append(x[i], 1) @ w) == labels[i]
        by_ridge.append(hits)
    folds = np.array([np.sum(labels[:i] == labels[i]) % 5 for i in range(n)])
    total = 0.0
    for fold in range(5):
        others = [hits[folds != fold].sum() for hits in by_ridge]
        total += by_ridge[int(np.argmax(others))][folds == fold].sum()
    return float(total / n)


def case(name, seed, n, d, classes, spread):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = rng.normal(size=(classes, d)) * spread
    features = np.maximum(centres[labels] + rng.normal(size=(n, d)), 0).astype(np.float32)
    return {
        "name": name, "classes": classes, "width": d,
        "labels": labels.tolist(), "features": [round(float(v), 5) for v in features.ravel()],
    }


def finish(c):
    f = np.array(c["features"], dtype=np.float32).astype(np.float64).reshape(-1, c["width"])
    labels = np.array(c["labels"])
    return {**c, "logme": logme(f, labels, c["classes"]), "probe": probe(f, labels, c["classes"])}


cases = [
    case("separable", 1, 40, 12, 4, 2.0),
    case("overlapping", 2, 45, 10, 3, 0.4),
    case("noise", 3, 40, 8, 4, 0.0),
    case("more features than images", 4, 24, 40, 3, 0.5),
]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "separability.json")
with open(path, "w") as file:
    json.dump([finish(c) for c in cases], file)
print([(c["name"], c["logme"], c["probe"]) for c in json.load(open(path))])

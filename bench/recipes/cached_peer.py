"""scikit-learn's LogisticRegressionCV on the very features that `head` was fitted to, as the bench left them in its cache.

    venv/bin/python bench/recipes/cached_peer.py --work recipes-work --size 224 --out recipes-work/peers.ndjson

The global averages of pool5, each centred, all divided by one deviation; all training images; ten penalties, five
folds (fewer where a class has fewer images). `sklearn` chooses the penalty by accuracy, its default so far, and
`sklearn-loss` by log loss. A line a result is appended; what is there is not computed again. `peers.py` says how
to make the environment; it does the same by PyTorch's features, without vggtune.
"""
import argparse
import hashlib
import json
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegressionCV

LEVELS, POOL5 = 1280, 768
SCORINGS = {"sklearn": "accuracy", "sklearn-loss": "neg_log_loss"}


def cached_features(folder):
    """The rows of one cache of features by the SHA-256 of their image."""
    rows = {}
    for index in sorted(folder.glob("*.json")):
        found = json.loads(index.read_text())
        if found.get("rowLength") != LEVELS:
            continue
        count = len(found["rows"])
        values = np.fromfile(index.with_suffix(".rows"), dtype=np.float32)[: count * LEVELS]
        rows.update(zip((key for key, _ in found["rows"]), values.reshape(count, LEVELS)))
    return rows


def images_of(folder):
    for path in sorted(folder.glob("*/*")):
        yield path.parent.name, hashlib.sha256(path.read_bytes()).hexdigest()


def accuracy(features, train, test, scoring):
    labels = np.array([label for label, _ in train])
    x = np.array([features[key][POOL5:] for _, key in train], dtype=np.float64)
    y = np.array([features[key][POOL5:] for _, key in test], dtype=np.float64)
    mean = x.mean(0)
    deviation = np.sqrt(x.var(0).mean())
    folds = max(2, min(5, np.unique(labels, return_counts=True)[1].min()))
    model = LogisticRegressionCV(
        Cs=10, cv=folds, max_iter=1000, scoring=scoring, l1_ratios=(0,), use_legacy_attributes=False
    )
    model.fit((x - mean) / deviation, labels)
    guesses = model.predict((y - mean) / deviation)
    return float((guesses == np.array([label for label, _ in test])).mean())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--cache", help="folder of the cache for this size, below WORK/cache/features", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    features = cached_features(options.work / "cache" / "features" / options.cache)
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    known = {(r["set"], r["seed"], r["size"], r["what"]) for r in map(json.loads, lines)}
    for folder in sorted((options.work / "data").glob("*-[0-9]")):
        name, seed = folder.name.rsplit("-", 1)
        sides = [list(images_of(folder / side)) for side in ("train", "test")]
        # vggtune leaves out the same picture in two classes, so that it has no features.
        train, test = ([image for image in side if image[1] in features] for side in sides)
        if len(train) + len(test) < 0.95 * sum(map(len, sides)):
            continue
        for what, scoring in SCORINGS.items():
            result = {"set": name, "seed": int(seed), "size": options.size, "what": what}
            if tuple(result.values()) in known:
                continue
            started = time.time()
            result["accuracy"] = accuracy(features, train, test, scoring)
            result["seconds"] = round(time.time() - started, 1)
            with options.out.open("a") as file:
                file.write(json.dumps(result) + "\n")
            print(result, flush=True)


if __name__ == "__main__":
    main()

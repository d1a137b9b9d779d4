"""cleanlab beside `vggtune audit`, on the labels, features and predictions that bench/audit.js has left.

    python3 -m venv venv && venv/bin/pip install cleanlab scikit-learn numpy
    venv/bin/python bench/audit/cleanlab_peer.py audit.ndjson

`once`: cleanlab's label quality (self-confidence, its default) on the predictions of one cross-validation of
vggtune's head; `mean`: on the averaged predictions that the audit itself uses; `margin`: the same by normalised
margin; `find`: find_label_issues on `mean`. `guide`: cleanlab as its guide says, LogisticRegression and
cross_val_predict with five folds on the pooled features of the last block. The figures are average precisions.
"""
import json
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict




def listed(labels, probabilities):
    """The issues in their order, as scores: those that are no issue are equal."""
    found = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence")
    scores = np.zeros(len(labels))
    scores[found] = np.arange(len(found), 0, -1)
    return scores


def peers(one):
    labels, bad = np.array(one["labels"]), np.array(one["bad"])
    count, classes = len(labels), one["classes"]
    once, mean = (np.array(one[name]).reshape(count, classes) for name in ("once", "probabilities"))
    once, mean = (each / each.sum(1, keepdims=True) for each in (once, mean))
    pooled = np.array(one["features"]).reshape(count, -1)[:, -one["levels"][-1] :]
    guide = cross_val_predict(
        LogisticRegression(max_iter=1000), pooled, labels, cv=5, method="predict_proba"
    )
    quality = get_label_quality_scores
    scores = {
        "once": -quality(labels, once),
        "mean": -quality(labels, mean),
        "margin": -quality(labels, mean, method="normalized_margin"),
        "find": listed(labels, mean),
        "guide": -quality(labels, guide),
        "guide find": listed(labels, guide),
    }
    return {name: round(float(average_precision_score(bad, each)), 4) for name, each in scores.items()}


def main():
    warnings.filterwarnings("ignore")
    results = Path(sys.argv[1])
    table = defaultdict(list)
    for line in results.read_text().splitlines():
        own = json.loads(line)
        work = Path(f"{results}.work")
        kept = work / f"{own['key']}.peers"
        if not kept.exists():
            kept.write_text(json.dumps(peers(json.loads((work / f"{own['key']}.json").read_text()))))
        backbone = own["key"].split()[0]
        row = {**own, **json.loads(kept.read_text())}
        for name in (own["set"].rsplit("-", 1)[0], "mean of all"):
            table[backbone, own["rate"], name].append(row)
    columns = ("audit", "once", "mean", "find", "guide", "guide find", "all", "without", "ideal")
    print("| backbone | flipped | set | n | " + " | ".join(columns) + " | suspects, right |")
    print("|---" * (len(columns) + 5) + "|")
    for (backbone, rate, name), rows in sorted(table.items(), key=lambda item: (item[0][:2], item[0][2] == "mean of all", item[0][2])):
        means = [np.mean([row[c] for row in rows if c in row] or [np.nan]) for c in columns]
        caught = f"{np.mean([r['suspects'] for r in rows]):.1f}, {np.mean([r['hits'] for r in rows]):.1f}"
        cells = " | ".join(f"{value:.3f}" for value in means)
        print(f"| {backbone} | {rate:.0%} | {name} | {len(rows)} | {cells} | {caught} |")


if __name__ == "__main__":
    main()

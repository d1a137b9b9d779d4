"""What a practised person does with the same weights and pictures in PyTorch and scikit-learn.

    python3 -m venv VENV && VENV/bin/pip install torch torchvision scikit-learn h5py pillow
    VENV/bin/python bench/recipes/peers.py --weights vgg16_notop.h5 --data HOME/data/foods-0 \
        --size 128 --what sklearn,tutorial,keras,lpft-top,lpft-all --out results.ndjson

The weights are Keras's VGG16 without its top. A data folder is SET-SEED, and holds train/ and test/
with a folder a class in each (see sets.js). Each result is appended to --out as a line of JSON;
what is in there already is not done again. --cache keeps the averages of pool5 by picture.
`sklearn` chooses its penalty by accuracy, the default; `sklearn-loss` by the logarithmic loss, as do
the methods that begin at a solved head.
"""

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from peer import head, keras, solved, tutorial
from peer.images import load
from peer.network import Backbone

METHODS = {
    "sklearn": head.run,
    "sklearn-loss": head.run_by_loss,
    "tutorial": tutorial.run,
    "keras": keras.run,
    "lpft-top": solved.run_top,
    "lpft-all": solved.run_all,
}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", required=True)
    parser.add_argument("--data", required=True, nargs="+")
    parser.add_argument("--size", type=int, nargs="+", default=[128])
    parser.add_argument("--what", default="sklearn")
    parser.add_argument("--seed", type=int, help="the end of the folder's name if left out")
    parser.add_argument("--epochs", type=int, help="each method has a number of its own")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--cache")
    parser.add_argument("--out", required=True)
    return parser.parse_args()


def done_in(path):
    if not path.exists():
        return set()
    rows = [json.loads(line) for line in path.read_text().splitlines() if line]
    return {(row["set"], row["seed"], row["size"], row["what"]) for row in rows}


def measure(options, data, size, what):
    name, _, number = data.name.rpartition("-")
    seed = int(number) if options.seed is None else options.seed
    out = Path(options.out)
    if (name, seed, size, what) in done_in(out):
        return
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    begun, work = time.perf_counter(), time.process_time()
    backbone = Backbone(options.weights, bf16=options.bf16, cache=options.cache)
    accuracy, details = METHODS[what](backbone, load(data, size), options)
    row = {"set": name, "seed": seed, "size": size, "what": what, "accuracy": accuracy}
    row["seconds"] = round(time.perf_counter() - begun, 1)
    row["cpu_seconds"] = round(time.process_time() - work, 1)
    row["details"] = {**details, "bf16": options.bf16}
    with out.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    for what in options.what.split(","):
        if what not in METHODS:
            raise SystemExit(f"--what has {what}: expected some of {', '.join(METHODS)}")
    for size in options.size:
        for data in sorted(Path(folder) for folder in options.data):
            for what in options.what.split(","):
                measure(options, data, size, what)


if __name__ == "__main__":
    main()

"""Twenty optimizer steps of a small VGG in PyTorch, float64: training-steps.json.

Run from this folder: python3 make_training_steps.py
Every random thing of a step (pixels, targets, masks, weights of rows) is in the file.
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
SIDE, BATCH, CLASSES, STEPS, RATE = 8, 6, 3, 20, 0.5
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CLASS_WEIGHTS, SMOOTHING = [1.0, 2.0, 0.5], 0.1


def rounded(x):
    return x.to(torch.float32).to(torch.float64)


def numbers(x):
    return [float(f"{v:.9g}") for v in x.detach().reshape(-1).tolist()]


def layers(batch_norm):
    out, channels = [], 3
    for block, width in enumerate((4, 6), 1):
        for index in (1, 2)[: 3 - block]:
            at = f"{block}_{index}"
            conv = {"inChannels": channels, "outChannels": width, "kernel": 3}
            out.append({"kind": "conv", "name": f"conv{at}", **conv})
            if batch_norm:
                norm = {"channels": width, "epsilon": 1e-5, "momentum": 0.1}
                out.append({"kind": "batchnorm", "name": f"bn{at}", **norm})
            out.append({"kind": "relu", "name": f"relu{at}"})
            channels = width
        out.append({"kind": "maxpool", "name": f"pool{block}", "size": 2})
    return out + [
        {"kind": "flatten", "name": "flatten"},
        {"kind": "dense", "name": "fc1", "inputs": 24, "outputs": 10},
        {"kind": "relu", "name": "relu_fc1"},
        {"kind": "dropout", "name": "drop1", "rate": RATE},
        {"kind": "dense", "name": "fc2", "inputs": 10, "outputs": CLASSES},
    ]


def initial(network):
    weights = {}
    for layer in network:
        name = layer["name"]
        if layer["kind"] == "conv":
            fan = layer["inChannels"] * 9
            shape = (layer["outChannels"], layer["inChannels"], 3, 3)
            weights[f"{name}.weight"] = torch.randn(shape) * (2 / fan) ** 0.5
            weights[f"{name}.bias"] = torch.randn(shape[0]) * 0.1
        elif layer["kind"] == "dense":
            shape = (layer["outputs"], layer["inputs"])
            weights[f"{name}.weight"] = torch.randn(shape) * (2 / shape[1]) ** 0.5
            weights[f"{name}.bias"] = torch.randn(shape[0]) * 0.1
        elif layer["kind"] == "batchnorm":
            width = layer["channels"]
            weights[f"{name}.weight"] = torch.rand(width) + 0.5
            weights[f"{name}.bias"] = torch.randn(width) * 0.1
            weights[f"{name}.running_mean"] = torch.randn(width) * 0.1
            weights[f"{name}.running_var"] = torch.rand(width) + 0.5
    return {name: rounded(value) for name, value in weights.items()}


def forward(network, weights, x, mask, training):
    for layer in network:
        kind, name = layer["kind"], layer["name"]
        if kind == "conv":
            x = F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)
        elif kind == "batchnorm":
            tensors = [
                weights[f"{name}.{s}"] for s in ("running_mean", "running_var", "weight", "bias")
            ]
            x = F.batch_norm(x, *tensors, training, layer["momentum"], layer["epsilon"])
        elif kind == "relu":
            x = F.relu(x)
        elif kind == "maxpool":
            x = F.max_pool2d(x, 2)
        elif kind == "flatten":
            x = x.flatten(1)
        elif kind == "dense":
            x = F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])
        elif kind == "dropout":
            x = x if mask is None else x * mask
    return x


def pixels(batch):
    x = torch.tensor(batch["rows"], dtype=torch.float64).reshape(-1, SIDE, SIDE, 3) / 255
    return ((x - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)


def make_batch(index):
    """Every third batch has soft targets, every fifth is not full."""
    count = BATCH - 1 if index % 5 == 4 else BATCH
    labels = torch.randint(0, CLASSES, (count,))
    targets = F.one_hot(labels, CLASSES).to(torch.float64)
    if index % 3 == 2:
        targets = rounded(0.7 * targets + 0.3 * targets.flip(0))
    base = torch.randint(0, 256, (count, 1, 1, 3)) * 0.5 + labels.reshape(-1, 1, 1, 1) * 40
    rows = (base + torch.randint(0, 48, (count, SIDE, SIDE, 3))).clamp(0, 255).to(torch.uint8)
    mask = (torch.rand(count, 10) > RATE).to(torch.float64) / (1 - RATE)
    return {
        "count": count,
        "rows": rows.reshape(-1).tolist(),
        "targets": numbers(targets),
        "weights": numbers(rounded(torch.full((count,), 1 / count))),
        "mask": numbers(mask),
    }


BATCHES = [make_batch(index) for index in range(STEPS)]
CONV_DECAY, DENSE_DECAY = 0.02, 0.05


def rates(step):
    """Two groups, both changing."""
    return [0.02 / (1 + 0.1 * step), 0.05 if step < 10 else 0.01]


def make_optimizer(spec, groups):
    if spec["kind"] == "sgd":
        options = dict(lr=0, momentum=spec["momentum"], nesterov=spec["nesterov"])
        return torch.optim.SGD(groups, **options)
    options = dict(lr=0, betas=(spec["beta1"], spec["beta2"]), eps=spec["epsilon"])
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[spec["kind"]](groups, **options)


def run(name, spec, batch_norm=None, clip=None, scale=1.0):
    """batch_norm: None, 'trained', or 'frozen' (in no group, inference mode)."""
    network = layers(batch_norm is not None)
    weights = initial(network)
    start = {key: (list(value.shape), numbers(value)) for key, value in weights.items()}
    trained = [k for k in weights if "running" not in k]
    if batch_norm == "frozen":
        trained = [k for k in trained if not k.startswith("bn")]
    groups = [
        {"name": "conv", "weightDecay": CONV_DECAY},
        {"name": "dense", "weightDecay": DENSE_DECAY},
    ]
    groups[0]["parameters"] = [k for k in trained if not k.startswith("fc")]
    groups[1]["parameters"] = [k for k in trained if k.startswith("fc")]
    for key in trained:
        weights[key].requires_grad_()
    optimizer = make_optimizer(
        spec,
        [
            {"params": [weights[k] for k in g["parameters"]], "weight_decay": g["weightDecay"]}
            for g in groups
        ],
    )
    losses, learning_rates = [], []
    for step, batch in enumerate(BATCHES):
        learning_rates.append([rate * scale for rate in rates(step)])
        for group, rate in zip(optimizer.param_groups, learning_rates[-1]):
            group["lr"] = rate
        mask = torch.tensor(batch["mask"]).reshape(-1, 10)
        logits = forward(network, weights, pixels(batch), mask, batch_norm == "trained")
        targets = torch.tensor(batch["targets"]).reshape(-1, CLASSES)
        options = dict(weight=torch.tensor(CLASS_WEIGHTS), label_smoothing=SMOOTHING)
        terms = F.cross_entropy(logits, targets, reduction="none", **options)
        loss = (terms * torch.tensor(batch["weights"])).sum()
        optimizer.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([weights[k] for k in trained], clip)
        optimizer.step()
        losses.append(loss.item())
    final = forward(network, weights, pixels(BATCHES[0]), None, False)
    return {
        "name": name,
        "optimizer": spec,
        "clipNorm": clip,
        "layers": network,
        "groups": groups,
        "learningRates": learning_rates,
        "initial": [{"name": k, "shape": s, "data": d} for k, (s, d) in start.items()],
        "losses": losses,
        "final": [
            {"name": k, "shape": list(v.shape), "data": numbers(v)} for k, v in weights.items()
        ],
        "predictions": numbers(final),
    }


def adam(kind, epsilon=1e-8):
    return {"kind": kind, "beta1": 0.9, "beta2": 0.999, "epsilon": epsilon}


def sgd(nesterov=False, momentum=0.9):
    return {"kind": "sgd", "momentum": momentum, "nesterov": nesterov}


RUNS = [
    run("sgd", sgd()),
    run("sgd without momentum", sgd(momentum=0)),
    run("sgd with nesterov", sgd(nesterov=True)),
    run("adam", adam("adam"), scale=0.2),
    run("adamw", adam("adamw"), scale=0.2),
    run("sgd, clipped", sgd(), clip=0.5),
    run("sgd, batch norm", sgd(), batch_norm="trained"),
    # A bias in front of a batch norm has no gradient but rounding; a larger epsilon keeps Adam from
    # making whole steps of it.
    run("adamw, batch norm", adam("adamw", 1e-3), batch_norm="trained", scale=0.2),
    run("sgd, frozen batch norm", sgd(), batch_norm="frozen"),
]
out = {
    "side": SIDE,
    "batchSize": BATCH,
    "classes": CLASSES,
    "mean": MEAN,
    "std": STD,
    "classWeights": CLASS_WEIGHTS,
    "labelSmoothing": SMOOTHING,
    "batches": BATCHES,
    "runs": RUNS,
}
with open("training-steps.json", "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")

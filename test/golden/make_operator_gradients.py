"""Values and gradients of every operator, from PyTorch in float64: operator-gradients.json.

Run from this folder: python3 make_operator_gradients.py
Each case is sum(operator(inputs) * dy), differentiated with respect to the inputs in `wanted`.
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
CASES = []


def rounded(x):
    """Exactly what a float32 reader gets."""
    return x.to(torch.float32).to(torch.float64)


def normal(*shape):
    return rounded(torch.randn(*shape))


def positive(*shape):
    return rounded(torch.rand(*shape) + 0.5)


def apart(*shape):
    """Distinct values at least 0.1 from each other and from zero: no kink is near."""
    count = torch.Size(shape).numel()
    values = (torch.randperm(count) - count // 2).to(torch.float64) * 0.125 + 0.0625
    return values.reshape(shape)


def numbers(x):
    return [float(f"{v:.8g}") for v in x.detach().reshape(-1).tolist()]


def packed(x):
    return {"shape": list(x.shape), "data": numbers(x)}


def case(name, op, function, inputs, attributes=None, wanted=None, kinks=False):
    wanted = list(range(len(inputs))) if wanted is None else wanted
    leaves = [x.clone().requires_grad_(i in wanted) for i, x in enumerate(inputs)]
    y = function(*leaves)
    dy = normal(*y.shape)
    (y * dy).sum().backward()
    CASES.append(
        {
            "name": name,
            "op": op,
            "attributes": attributes or {},
            "inputs": [packed(x) for x in inputs],
            "wanted": wanted,
            "kinks": kinks,
            "y": packed(y),
            "dy": packed(dy),
            "gradients": [packed(leaves[i].grad) for i in wanted],
        }
    )


broadcast = lambda: [normal(2, 3, 4), positive(3, 1)]
case("add, broadcast", "add", lambda a, b: a + b, broadcast())
case("add, scalar", "add", lambda a, b: a + b, [normal(2, 3), torch.tensor(0.5)])
case("sub, broadcast", "sub", lambda a, b: a - b, broadcast())
case("mul, broadcast", "mul", lambda a, b: a * b, broadcast())
case("mul, both broadcast", "mul", lambda a, b: a * b, [normal(2, 1, 3), normal(4, 1)])
case("div, broadcast", "div", lambda a, b: a / b, broadcast())
case("sqrt", "sqrt", torch.sqrt, [positive(3, 4)])
case("exp", "exp", torch.exp, [normal(3, 4)])
case("relu", "relu", F.relu, [apart(3, 5)])
case("relu at zero", "relu", F.relu, [torch.tensor([-1.0, 0.0, 1.0])], kinks=True)
case(
    "relu of a gradient",
    "reluGrad",
    lambda dy, y: torch.where(y > 0, dy, torch.zeros(())),
    [normal(3, 5), F.relu(apart(3, 5))],
    wanted=[0],
)
case(
    "sum, two axes",
    "reduceSum",
    lambda x: x.sum((0, 2)),
    [normal(2, 3, 4)],
    {"axes": [0, 2], "keepDims": False},
)
case(
    "sum, kept axis",
    "reduceSum",
    lambda x: x.sum(1, keepdim=True),
    [normal(2, 3, 4)],
    {"axes": [1], "keepDims": True},
)
case(
    "mean, two axes",
    "reduceMean",
    lambda x: x.mean((1, 2)),
    [normal(2, 3, 4)],
    {"axes": [1, 2], "keepDims": False},
)
case("reshape", "reshape", lambda x: x.reshape(3, 8), [normal(2, 3, 4)], {"shape": [3, 8]})
case("flatten", "flatten", lambda x: x.flatten(1), [normal(2, 3, 4, 5)])
case(
    "transpose",
    "transpose",
    lambda x: x.permute(2, 0, 1),
    [normal(2, 3, 4)],
    {"permutation": [2, 0, 1]},
)
case("expand", "expand", lambda x: x.expand(2, 3, 4), [normal(2, 1, 4)], {"shape": [2, 3, 4]})
case("dense", "dense", F.linear, [normal(4, 5), normal(3, 5), normal(3)])
for ta in (False, True):
    for tb in (False, True):
        case(
            f"matmul, transposed {ta} {tb}",
            "matmul",
            lambda a, b, ta=ta, tb=tb: (a.T if ta else a) @ (b.T if tb else b),
            [normal(*((5, 3) if ta else (3, 5))), normal(*((4, 5) if tb else (5, 4)))],
            {"transposeA": ta, "transposeB": tb},
        )
case(
    "matmul with addend",
    "matmul",
    lambda a, b, c: a.T @ b + c,
    [normal(5, 3), normal(5, 4), normal(3, 4)],
    {"transposeA": True, "transposeB": False},
)
conv = lambda x, w, b: F.conv2d(x, w, b, padding=w.shape[-1] // 2)
case("conv 3x3, not square", "conv", conv, [normal(2, 3, 4, 6), normal(5, 3, 3, 3), normal(5)])
case("conv 3x3, one row", "conv", conv, [normal(1, 2, 1, 4), normal(3, 2, 3, 3), normal(3)])
case("conv 3x3, one pixel", "conv", conv, [normal(3, 2, 1, 1), normal(3, 2, 3, 3), normal(3)])
case("conv 1x1", "conv", conv, [normal(2, 3, 3, 4), normal(2, 3, 1, 1), normal(2)])
case("conv 5x5", "conv", conv, [normal(1, 2, 6, 5), normal(2, 2, 5, 5), normal(2)])
case("conv 16 channels", "conv", conv, [normal(1, 16, 3, 3), normal(16, 16, 3, 3), normal(16)])
pool = lambda x: F.max_pool2d(x, 2)
case("max pool", "maxPool", pool, [apart(2, 2, 4, 6)], {"size": 2})
case("max pool, odd map", "maxPool", pool, [apart(1, 2, 5, 7)], {"size": 2})
case("max pool 3x3", "maxPool", lambda x: F.max_pool2d(x, 3), [apart(1, 2, 6, 9)], {"size": 3})
ties = torch.randint(0, 2, (2, 3, 6, 6)).to(torch.float64)
case("max pool, ties", "maxPool", pool, [ties], {"size": 2}, kinks=True)
case("max pool, all equal", "maxPool", pool, [torch.zeros(1, 2, 4, 4)], {"size": 2}, kinks=True)
for height, width, size in ((4, 6, 2), (5, 7, 3), (2, 2, 3), (3, 3, 1)):
    case(
        f"average pool {height}x{width} to {size}x{size}",
        "averagePool",
        lambda x, size=size: F.adaptive_avg_pool2d(x, size),
        [normal(2, 2, height, width)],
        {"size": size},
    )
case("global average pool", "globalAveragePool", lambda x: x.mean((2, 3)), [normal(2, 3, 4, 5)])
case(
    "batch norm",
    "batchNorm",
    lambda x, w, b: F.batch_norm(x, None, None, w.flatten(), b.flatten(), True, 0.1, 1e-5),
    [normal(3, 2, 4, 3), positive(1, 2, 1, 1), normal(1, 2, 1, 1)],
    {"epsilon": 1e-5},
)
case("log softmax", "logSoftmax", lambda x: F.log_softmax(x, 1), [normal(4, 5)])
case("log softmax, far apart", "logSoftmax", lambda x: F.log_softmax(x, 1), [normal(3, 4) * 32])
case("softmax", "softmax", lambda x: F.softmax(x, 1), [normal(4, 5)])

LOSSES = []
for smoothing in (0.0, 0.1):
    for weights in (None, torch.tensor([0.5, 2.0, 1.0, 1.25])):
        logits = normal(5, 4).requires_grad_()
        targets = rounded(F.softmax(torch.randn(5, 4) * 2, 1))
        rows = rounded(torch.rand(5))
        options = dict(weight=weights, label_smoothing=smoothing)
        losses = F.cross_entropy(logits, targets, reduction="none", **options)
        loss = (losses * rows).sum()
        loss.backward()
        labels = torch.tensor([0, 1, 3, 3, 2])
        LOSSES.append(
            {
                "labelSmoothing": smoothing,
                "classWeights": None if weights is None else weights.tolist(),
                "logits": packed(logits),
                "targets": packed(targets),
                "rowWeights": packed(rows),
                "loss": loss.item(),
                "gradient": packed(logits.grad),
                "labels": labels.tolist(),
                "meanOverLabels": F.cross_entropy(logits, labels, **options).item(),
            }
        )

# Last, so that the numbers of what stands above stay.
together = lambda a, b: torch.cat((a, b), 1)
case("concat, maps", "concat", together, [normal(2, 3, 1, 1), normal(2, 2, 1, 1)])
case("concat, rows", "concat", together, [normal(3, 2), normal(3, 4)])
# Each input without and with the other's gradient asked for.
case("concat, second only", "concat", together, [normal(2, 3), normal(2, 2)], wanted=[1])

case("unflatten", "unflatten", lambda x: x.reshape(2, 3, 2, 2), [normal(2, 12)], {"shape": [3, 2, 2]})

with open("operator-gradients.json", "w") as file:
    json.dump({"cases": CASES, "losses": LOSSES}, file, separators=(",", ":"))
    file.write("\n")

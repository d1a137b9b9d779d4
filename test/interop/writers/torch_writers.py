"""Files as PyTorch and what stands on it write them: python3 torch_writers.py FOLDER [FULL_FOLDER]

The small ones are kept in test/fixtures/writers; the full-size ones are made in the interop run alone. Needs torch,
torchvision, safetensors and onnx. What libraries for training write is in trainer_writers.py.
"""
import argparse
import copy
import pathlib
import sys
import warnings

import torch
import torchvision
from torch import nn
from torch.nn.utils import prune

import formula as f
from small_torch import network, optional

warnings.filterwarnings("ignore")
torch.set_grad_enabled(False)
index = f.Index(sys.argv[1], f"torch {torch.__version__.split('+')[0]}")


def save(name, form, content, **facts):
    torch.save(content, index.add(name, form, **{"head": "vgg", **facts}))


def prefixed(prefix, state):
    return {prefix + key: value for key, value in state.items()}


vgg = network()
state = vgg.state_dict()
save("plain.pth", "torch.save(model.state_dict())", state)
torch.save(state, index.add("legacy.pth", "the form before PyTorch 1.6", head="vgg"), _use_new_zipfile_serialization=False)
save("wrapped.pth", "{'state_dict': ..., 'best_acc1': tensor}", {"epoch": 3, "arch": "vgg11", "state_dict": state, "best_acc1": torch.tensor(71.6)})
save("model-key.pth", "{'model': ...}", {"model": state, "loss": 0.25, "step": torch.tensor(7)})
save("nested.pth", "{'state': {'net': ...}}", {"state": {"net": state, "rng": torch.get_rng_state()[:8]}})
save("parallel.pth", "DataParallel", nn.DataParallel(vgg).state_dict())
features_only = copy.deepcopy(vgg)
features_only.features = nn.DataParallel(features_only.features)
save("features-parallel.pth", "DataParallel around features, as PyTorch's ImageNet example", {"state_dict": features_only.state_dict()})
save("compiled.pth", "torch.compile", torch.compile(vgg).state_dict())
save("features.pth", "model.features.state_dict()", vgg.features.state_dict(), head=None)
save("norm.pth", "a VGG with batch norms", network(norm=True).state_dict(), norm=True)
save("norm-no-bias.pth", "batch norms, convolutions without biases", network(norm=True, conv_bias=False).state_dict(), norm=True, zeros=True)
save("half.pth", "model.half()", copy.deepcopy(vgg).half().state_dict())
save("mlp.pth", "a hidden layer behind the averaged map", network("mlp").state_dict(), head="mlp")
save("linear.pth", "one dense layer behind the averaged map", network("linear").state_dict(), head="linear")
tutorial = network()
tutorial.classifier[6] = nn.Sequential(nn.Linear(f.HIDDEN, 4), nn.ReLU(), nn.Linear(4, 2))
save("longer.pth", "classifier[6] replaced by two layers", tutorial.state_dict(), head="vgg", output=False, note="fits none of the heads")
other = network()
other.classifier = nn.Sequential(nn.Linear(f.WIDTHS[-1] * 4, 5), nn.ReLU(), nn.Linear(5, 2))
save("no-head.pth", "one hidden layer behind the flattened map", other.state_dict(), head=None, note="fits none of the heads")
shifted = network()
layers = [m for m in shifted.classifier if isinstance(m, nn.Linear)]
shifted.classifier = nn.Sequential(nn.Dropout(), layers[0], nn.ReLU(), nn.Dropout(), layers[1], nn.ReLU(), layers[2])
save("old-numbers.pth", "classifier.1, .4, .6, as converters of Caffe models", shifted.state_dict())
broken = {key: value.clone() for key, value in state.items()}
broken["features.3.weight"].view(-1)[5] = float("nan")
save("not-finite.pth", "a diverged training", broken, refused='tensor "features.3.weight"')




def changed(form):
    """A VGG with something in it that another VGG has not; its state dict alone looks much like one."""
    model = network(norm=form in ("group", "instance"))
    for at, module in enumerate(model.features):
        if isinstance(module, nn.BatchNorm2d):
            width = module.num_features
            model.features[at] = nn.GroupNorm(1, width) if form == "group" else nn.InstanceNorm2d(width, affine=True)
        elif isinstance(module, nn.Conv2d):
            if form == "pruned":
                prune.l1_unstructured(module, "weight", amount=0.3)
            if form == "weight-norm":
                nn.utils.parametrizations.weight_norm(module)
    if form == "grey":
        model.features[0] = nn.Conv2d(1, f.WIDTHS[0], 3, padding=1)
    return model.state_dict()


save("group-norm.pth", "GroupNorm behind the convolutions", changed("group"), refused="features.1")
save("instance-norm.pth", "InstanceNorm2d(affine=True) behind the convolutions", changed("instance"), refused="features.1")
save("pruned.pth", "torch.nn.utils.prune", changed("pruned"), refused="weight_mask")
save("weight-norm.pth", "weight_norm", changed("weight-norm"), refused="parametrizations")
save("grey.pth", "a VGG of grey images", changed("grey"), refused="1 channel")
part = {key: value for key, value in state.items() if key != "features.8.bias"}
save("one-bias-less.pth", "a bias is missing", part, refused="features.8")


def slices():
    """As LPIPS and losses of style transfer cut a VGG into pieces."""
    class Slices(nn.Module):
        def __init__(self):
            super().__init__()
            for at, (first, last) in enumerate([(0, 3), (3, 8), (8, 13), (13, 21)], start=1):
                part = nn.Sequential()
                for number in range(first, last):
                    part.add_module(str(number), vgg.features[number])
                setattr(self, f"slice{at}", part)

    return Slices()


save("slices.pth", "cut into slices, as in LPIPS", slices().state_dict(), head=None)


def with_reference():
    """The checkpoint of torchvision's references/classification/train.py."""
    averaged = torch.optim.swa_utils.AveragedModel(vgg)
    raw = network()
    with torch.no_grad():
        for tensor in raw.state_dict().values():
            tensor.mul_(0.5)
    optimizer = torch.optim.SGD(raw.parameters(), lr=0.1, momentum=0.9)
    with torch.enable_grad():
        sum(p.sum() for p in raw.parameters()).backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    return {
        "model": raw.state_dict(), "optimizer": optimizer.state_dict(), "lr_scheduler": schedule.state_dict(),
        "epoch": 4, "args": argparse.Namespace(lr=0.1, model="vgg11", device=torch.device("cpu")),
        "model_ema": averaged.state_dict(),
    }


save("reference.pth", "torchvision's references, with model_ema", with_reference(), note="the averaged one")
torch.save(vgg, index.add("whole-model.pth", "torch.save(model)", refused="torchvision.models.vgg.VGG"))
torch.jit.save(torch.jit.script(vgg), index.add("script.pt", "torch.jit.save", refused="torch.jit"))
torch.export.save(torch.export.export(vgg, (torch.zeros(1, 3, 64, 64),)), index.add("exported.pt2", "torch.export.save", refused="torch.export"))


if safetensors := optional("safetensors.torch"):
    safetensors.save_file(prefixed("model.", state), index.add("prefixed.safetensors", "safetensors, with a prefix", head="vgg"))

class Normalised(nn.Module):
    """A preprocessing as part of the model."""

    def __init__(self, model, mean, std, bgr=False):
        super().__init__()
        self.model, self.bgr = model, bgr
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1))

    def forward(self, x):
        x = x[:, [2, 1, 0]] if self.bgr else x
        return self.model((x - self.mean) / self.std).softmax(1)


def onnx(name, form, model, dynamo, **facts):
    target = index.add(name, form, **{"head": "vgg", **facts})
    options = {"dynamo": True, "external_data": facts.get("outside", False)} if dynamo else {"dynamo": False}
    torch.onnx.export(model, (torch.zeros(1, 3, 64, 64),), target, verbose=False, **options)


if optional("onnx"):
    imagenet = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    onnx("plain.onnx", "torch.onnx, TorchScript", vgg, False)
    if optional("onnxscript"):
        onnx("dynamo.onnx", "torch.onnx, dynamo", vgg, True)
        onnx("outside.onnx", "torch.onnx, dynamo, weights in a file beside it", vgg, True, outside=True)
        onnx("dynamo-mlp.onnx", "torch.onnx, dynamo, a hidden layer", network("mlp"), True, head="mlp")
    onnx("mlp.onnx", "torch.onnx, a hidden layer", network("mlp"), False, head="mlp")
    onnx("normalised.onnx", "torch.onnx, with ImageNet's normalisation inside", Normalised(vgg, *imagenet), False,
         preprocessing={"channels": "rgb", "unit": True, "mean": imagenet[0], "std": imagenet[1]})
    onnx("caffe.onnx", "torch.onnx, with BGR and means inside", Normalised(vgg, [103.939, 116.779, 123.68], [1.0, 1.0, 1.0], True), False,
         preprocessing={"channels": "bgr", "unit": False, "mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]})
    strided = network("mlp")
    strided.features[0].stride = (2, 2)
    onnx("strided.onnx", "torch.onnx, a convolution with a stride", strided, False, refused="strides")
    tanh = copy.deepcopy(vgg)
    tanh.features[1] = nn.Tanh()
    onnx("tanh.onnx", "torch.onnx, another activation", tanh, False, refused="Tanh")

index.write("torch.json")
if len(sys.argv) > 2:
    import full_size
    full_size.torch_files(pathlib.Path(sys.argv[2]))

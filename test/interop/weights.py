"""Full-size VGGs in every format of weights, against torchvision and numpy.

    npm run build && python3 test/interop/weights.py [vgg11 ...]

Needs torch, torchvision, h5py and Pillow; writes one file of some 550 MB at a time to a temporary
folder. Logits agree within 1e-4 of the largest, probabilities of ten pictures within 0.01. Exits 0
with a note where the packages are missing, 1 where something differs.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent / "golden"))
try:
    import h5py  # noqa: F401
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
    import vgg_formula as f
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)

SHEET = here.parents[1] / "node_modules/emoji-datasource-twitter/img/twitter/sheets/64.png"
# left, top, width, height, file: larger and smaller than 256, wide, tall, photographs' sizes.
CROPS = [
    (0, 0, 640, 480, "jpg"), (700, 100, 480, 640, "jpg"), (1300, 300, 1024, 768, "jpg"),
    (200, 900, 300, 300, "png"), (900, 1200, 257, 400, "png"), (1500, 1500, 1920, 1080, "jpg"),
    (100, 2000, 200, 150, "png"), (600, 2200, 800, 256, "jpg"), (2000, 200, 500, 501, "webp"),
    (2500, 2500, 900, 300, "jpg"),
]


def pictures(folder):
    sheet = Image.open(SHEET).convert("RGBA")
    paper = Image.new("RGBA", sheet.size, "white")
    paper.alpha_composite(sheet)
    paths = []
    for index, (left, top, width, height, kind) in enumerate(CROPS):
        path = folder / f"{index}.{kind}"
        options = {"quality": 95} if kind == "jpg" else {"lossless": True} if kind == "webp" else {}
        paper.convert("RGB").crop((left, top, left + width, top + height)).save(path, **options)
        paths.append(path)
    return paths


def transform(path):
    steps = torchvision.transforms.Compose([
        torchvision.transforms.Resize(256), torchvision.transforms.CenterCrop(224),
        torchvision.transforms.ToTensor(),
        torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    return steps(Image.open(path).convert("RGB"))[None]


def random_network(name, paths):
    torch.manual_seed(7)
    network = getattr(torchvision.models, name)(init_weights=False)
    for key, tensor in network.state_dict().items():
        if tensor.dim() > 1:
            torch.nn.init.kaiming_uniform_(tensor, nonlinearity="relu")
        elif key.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif tensor.dtype == torch.float32:
            tensor.uniform_(-0.25, 0.25)
            if key.endswith(".weight"):
                tensor.add_(1)
    network.eval()
    # Probabilities that are neither all alike nor all but one zero: logits with a deviation of 2.5.
    factor = 2.5 / torch.stack([network(transform(path)).std() for path in paths]).mean()
    for tensor in network.classifier[6].parameters():
        tensor.mul_(factor)
    return network


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.contiguous().numpy().tobytes())


def floats(network):
    return {k: v for k, v in network.state_dict().items() if v.dtype == torch.float32}


def timm_names(network):
    """The classifier as convolutions, in timm's names and in the order of the alphabet."""
    names = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc"}
    renamed = {}
    for key, tensor in floats(network).items():
        stem, suffix = key.rsplit(".", 1)
        if suffix == "weight" and stem in ("classifier.0", "classifier.3"):
            side = 7 if stem == "classifier.0" else 1
            tensor = tensor.reshape(tensor.shape[0], -1, side, side)
        renamed[f"{names.get(stem, stem)}.{suffix}"] = tensor
    return dict(sorted(renamed.items()))


def ours(name, weights, pixels, images=(), channels="rgb"):
    request = {"backbone": name, "weights": str(weights), "pixels": str(pixels),
               "images": [str(path) for path in images], "channels": channels}
    done = subprocess.run(["node", str(here / "weights.mjs"), json.dumps(request)],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


failures = 0


def check(what, difference, limit, result):
    global failures
    verdict = "ok" if difference <= limit else "DIFFERS"
    failures += difference > limit
    print(f"{what:34} {difference:.1e} (limit {limit:.0e}) {verdict}, read in {result['seconds']:.1f} s", flush=True)


def relative(found, expected):
    expected = np.asarray(expected, np.float64)
    return float(np.abs(np.asarray(found) - expected).max() / np.abs(expected).max())


def compare(name, folder, paths):
    network = random_network(name, paths)
    image = f.pixels(224)
    pixels = folder / "pixels.rgb"
    pixels.write_bytes(image.tobytes())
    expected = network(f.normalised(image))[0].numpy()
    target = folder / "weights.bin"
    writers = {
        "safetensors, torchvision": lambda: write_safetensors(target, floats(network)),
        "safetensors, timm": lambda: write_safetensors(target, timm_names(network)),
        "zip": lambda: torch.save(network.state_dict(), target),
        "legacy": lambda: torch.save(network.state_dict(), target, _use_new_zipfile_serialization=False),
    }
    for form, write in writers.items():
        write()
        # Every file has the same name: it is told by what it holds.
        first = form.startswith("safetensors, torchvision")
        result = ours(name, target, pixels, paths if first else ())
        check(f"{name} {form}", relative(result["logits"], expected), 1e-4, result)
        if first:
            compare_pictures(name, network, paths, result)
    if not name.endswith("_bn"):
        layers = f.keras_layers(network, name)
        f.write_keras(target, layers)
        expected = f.keras_logits(layers, image)
        for channels in ("keep", "rgb"):
            result = ours(name, target, pixels, (), channels)
            check(f"{name} keras h5, {channels}", relative(result["logits"], expected), 1e-4, result)
    target.unlink()


def compare_pictures(name, network, paths, result):
    expected = torch.cat([network(transform(path)).softmax(1) for path in paths]).numpy()
    difference = float(np.abs(np.asarray(result["probabilities"]) - expected).max())
    peaks = expected.max(1)
    print(f"{'':34} largest probabilities {peaks.min():.2f} to {peaks.max():.2f}")
    each = np.abs(np.asarray(result["probabilities"]) - expected).max(1)
    print(f"{'':34} largest difference of each: {' '.join(f'{d:.4f}' for d in each)}")
    check(f"{name} ten pictures", difference, 0.01, result)


def main():
    torch.set_grad_enabled(False)
    names = sys.argv[1:] or ["vgg11", "vgg13", "vgg16", "vgg19", "vgg16_bn"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        paths = pictures(folder)
        for name in names:
            compare(name, folder, paths)
    sys.exit(1 if failures else 0)


main()

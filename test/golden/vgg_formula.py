"""Weights and pixels by a formula that test/weights/narrow.ts has too, and networks that take them."""
import numpy as np
import torch
import torchvision

COLUMNS = {"vgg11": "A", "vgg13": "B", "vgg16": "D", "vgg19": "E"}
COUNTS = {"A": [1, 1, 2, 2, 2], "B": [2, 2, 2, 2, 2], "D": [2, 2, 3, 3, 3], "E": [2, 2, 4, 4, 4]}


def hashes(n, count):
    """A multiplicative hash with the finaliser of MurmurHash3, of (n, i) for i below count."""
    wide = np.arange(1, count + 1, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    h = (np.uint64(((n + 1) * 0x9E3779B1) & 0xFFFFFFFF) ^ (wide * np.uint64(0x85EBCA6B))) & low
    h = ((h ^ (h >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & low
    h = ((h ^ (h >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & low
    return h ^ (h >> np.uint64(16))


def pixels(side):
    return (hashes(1000, side * side * 3) % 256).astype(np.uint8).reshape(side, side, 3)


def torch_network(name, widths, dense, classes, fill=True):
    """torchvision's own module, with other widths; weights by the formula, in canonical order."""
    column = COLUMNS[name.replace("_bn", "")]
    cfg = [item for count, width in zip(COUNTS[column], widths) for item in [width] * count + ["M"]]
    features = torchvision.models.vgg.make_layers(cfg, batch_norm=name.endswith("_bn"))
    network = torchvision.models.VGG(features, num_classes=classes, init_weights=False)
    flat = widths[-1] * 49
    for index, (inputs, outputs) in {0: (flat, dense), 3: (dense, dense), 6: (dense, classes)}.items():
        network.classifier[index] = torch.nn.Linear(inputs, outputs)
    if fill:
        fill_by_formula(network)
    return network.eval()


def fill_by_formula(network):
    number = 0
    norms = {name for name, module in network.named_modules() if isinstance(module, torch.nn.BatchNorm2d)}
    for key, tensor in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        shape = tuple(tensor.shape)
        if key.endswith("running_var"):
            centre, reach = 1, 0.5
        elif key.rsplit(".", 1)[0] in norms and key.endswith(".weight"):
            centre, reach = 1, 0.25
        elif len(shape) == 1:
            centre, reach = 0, 0.25
        else:
            centre, reach = 0, np.sqrt(6 / np.prod(shape[1:]))
        unit = hashes(number, tensor.numel()) / 2**31 - 1
        tensor.copy_(torch.from_numpy((centre + reach * unit).astype(np.float32).reshape(shape)))
        number += 1


def normalised(image):
    """torchvision's preprocessing of uint8 [H, W, 3]: float32 [1, 3, H, W]."""
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((tensor - mean[:, None, None]) / std[:, None, None])[None]


def keras_layers(network, name, classifier=True):
    """(layer, kernel, bias) in Keras's names and layouts: HWIO; [in, out], fc1's input as H, W, C."""
    counts = COUNTS[COLUMNS[name]]
    names = [f"block{b + 1}_conv{i + 1}" for b, count in enumerate(counts) for i in range(count)]
    convs = [module for module in network.features if isinstance(module, torch.nn.Conv2d)]
    layers = [
        (layer, conv.weight.detach().numpy().transpose(2, 3, 1, 0), conv.bias.detach().numpy())
        for layer, conv in zip(names, convs)
    ]
    if not classifier:
        return layers
    for layer, index in {"fc1": 0, "fc2": 3, "predictions": 6}.items():
        dense = network.classifier[index]
        kernel = dense.weight.detach().numpy()
        if layer == "fc1":
            outputs = kernel.shape[0]
            kernel = kernel.reshape(outputs, -1, 7, 7).transpose(0, 2, 3, 1).reshape(outputs, -1)
        layers.append((layer, kernel.T, dense.bias.detach().numpy()))
    return layers


def write_keras(path, layers):
    """As keras/engine/saving.py did for the published files."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer, _, _ in layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"1.0.0"
        for layer, kernel, bias in layers:
            group = file.create_group(layer)
            names = [f"{layer}_W_1:0", f"{layer}_b_1:0"]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, (kernel, bias)):
                group.create_dataset(name, data=np.ascontiguousarray(value, np.float32))


def keras_logits(layers, image):
    """Keras's VGG graph in plain numpy, channels last, with its own preprocessing."""
    x = image[..., ::-1].astype(np.float64) - np.array([103.939, 116.779, 123.68])
    previous = "1"
    for layer, kernel, bias in layers:
        if layer.startswith("block"):
            block = layer[len("block")]
            x = pool(x) if block != previous else x
            previous = block
            x = np.maximum(convolve(x, kernel) + bias, 0)
        elif layer == "fc1":
            x = np.maximum(pool(x).reshape(-1) @ kernel + bias, 0)
        else:
            x = x @ kernel + bias
            x = np.maximum(x, 0) if layer == "fc2" else x
    return x


def convolve(x, kernel):
    height, width = x.shape[:2]
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    shifts = [(r, c) for r in range(3) for c in range(3)]
    return sum(padded[r : r + height, c : c + width] @ kernel[r, c] for r, c in shifts)


def pool(x):
    height, width, channels = x.shape
    return x.reshape(height // 2, 2, width // 2, 2, channels).max((1, 3))

"""Full-size VGG16s as each writer saves them, with the logits of that writer's own software on the same pixels."""
import importlib
import json

import numpy as np

import formula as f

SIDE = 224


def pixels():
    """The same for all: uint8 [H, W, 3] from a multiplicative hash."""
    at = np.arange(SIDE * SIDE * 3, dtype=np.uint64)
    return ((at * 2654435761 >> 7) % 256).astype(np.uint8).reshape(SIDE, SIDE, 3)


class Rows:
    def __init__(self, folder, name):
        self.folder, self.path, self.rows = folder, folder / f"{name}.json", []
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pixels.rgb").write_bytes(pixels().tobytes())

    def add(self, name, software, form, logits, head="vgg"):
        self.rows.append({"file": name, "software": software, "form": form, "head": head, "logits": np.asarray(logits, np.float64).ravel().tolist()})
        self.path.write_text(json.dumps(self.rows), encoding="utf-8")


def torch_files(folder):
    import torch
    import torchvision

    rows = Rows(folder, "torch")
    torch.manual_seed(1)
    model = torchvision.models.vgg16(weights=None).eval()
    for tensor in model.state_dict().values():
        if tensor.dim() > 1:
            torch.nn.init.kaiming_uniform_(tensor, nonlinearity="relu")
        else:
            tensor.uniform_(-0.1, 0.1)
    image = torch.from_numpy(pixels()).permute(2, 0, 1).float()[None] / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    image = (image - mean.reshape(1, 3, 1, 1)) / std.reshape(1, 3, 1, 1)
    logits = model(image)[0].numpy()
    software = f"torch {torch.__version__.split('+')[0]}"
    torch.save({"state_dict": torch.nn.DataParallel(model).state_dict()}, folder / "vgg16.pth")
    rows.add("vgg16.pth", software, "DataParallel in a checkpoint", logits)
    torch.onnx.export(model, (image,), folder / "vgg16.onnx", dynamo=True, verbose=False)
    rows.add("vgg16.onnx", software, "torch.onnx, weights beside it", logits)
    try:
        timm = importlib.import_module("timm")
    except ImportError as missing:
        print(f"left out: {missing}", flush=True)
        return
    other = timm.create_model("vgg16", pretrained=False).eval()
    own = [t for t in model.state_dict().values()]
    for tensor, value in zip(other.state_dict().values(), own, strict=True):
        tensor.copy_(value.reshape(tensor.shape))
    torch.save({"state_dict": other.state_dict(), "arch": "vgg16", "epoch": 1}, folder / "timm.pth")
    rows.add("timm.pth", f"timm {timm.__version__}", "its own names, dense layers as convolutions", other(image)[0].numpy())


def keras_files(folder, keras, major):
    rows = Rows(folder, major)
    model = keras.applications.VGG16(weights=None, classifier_activation=None)
    rng = np.random.default_rng(1)

    def start(weight):
        shape = weight.shape
        if len(shape) == 1:
            return rng.uniform(-0.1, 0.1, shape).astype(np.float32)
        reach = np.sqrt(6 / np.prod(shape[:-1]))
        return rng.uniform(-reach, reach, shape).astype(np.float32)

    model.set_weights([start(weight) for weight in model.get_weights()])
    image = pixels()[None].astype(np.float32)
    logits = model.predict(keras.applications.vgg16.preprocess_input(image.copy()), verbose=0)[0]
    software = f"{'tf-keras' if major == 'keras2' else 'Keras'} {keras.__version__}"
    for ending in (".h5", ".keras", ".weights.h5"):
        name = f"{major}{ending}"
        model.save_weights(folder / name) if ending == ".weights.h5" else model.save(folder / name)
        rows.add(name, software, ending, logits)
    if major == "keras2":
        import tensorflow as tf
        import tf2onnx

        # With fc6 inside, the conversion takes more than 18 GB.
        base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
        base.set_weights(model.get_weights()[:26])
        tail = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1000)]
        inputs = keras.Input((SIDE, SIDE, 3))
        out = base(keras.applications.vgg16.preprocess_input(inputs))
        for layer in tail:
            out = layer(out)
        inside = keras.Model(inputs, out)
        logits = inside.predict(image, verbose=0)[0]
        tf2onnx.convert.from_keras(inside, [tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32)], output_path=str(folder / "tf2onnx.onnx"))
        rows.add("tf2onnx.onnx", f"tf2onnx {tf2onnx.__version__}", "include_top=False, pooling and a dense layer, with preprocess_input inside", logits, "linear")

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


def torch_input():
    """The pixels as torchvision's networks want them, [1, 3, H, W]."""
    import torch

    image = torch.from_numpy(pixels()).permute(2, 0, 1).float()[None] / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (image - mean.reshape(1, 3, 1, 1)) / std.reshape(1, 3, 1, 1)


def torch_start(model):
    """Weights that keep the scale of activations, so that logits are neither tiny nor huge."""
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.dim() > 1:
                torch.nn.init.kaiming_uniform_(tensor, nonlinearity="relu")
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif tensor.dtype == torch.float32:
                tensor.uniform_(-0.1, 0.1)
                if name.endswith(("bn.weight", "norm.weight")):
                    tensor.add_(1)
    return model.eval()


def torch_files(folder):
    import torch
    import torchvision

    torch.set_grad_enabled(False)
    rows = Rows(folder, "torch")
    model = torch_start(torchvision.models.vgg16(weights=None))
    image = torch_input()
    logits = model(image)[0].numpy()
    software = f"torch {torch.__version__.split('+')[0]}"
    torch.save({"state_dict": torch.nn.DataParallel(model).state_dict()}, folder / "vgg16.pth")
    rows.add("vgg16.pth", software, "DataParallel in a checkpoint", logits)
    torch.onnx.export(model, (image,), folder / "vgg16.onnx", dynamo=True, verbose=False)
    rows.add("vgg16.onnx", software, "torch.onnx, weights beside it", logits)
    # As references/classification/train.py saves it; the averaged copy is what is read.
    averaged = torch.optim.swa_utils.AveragedModel(model).state_dict()
    raw = {name: tensor * 0.5 for name, tensor in model.state_dict().items()}
    torch.save({"model": raw, "epoch": 4, "model_ema": averaged}, folder / "reference.pth")
    rows.add("reference.pth", f"torchvision {torchvision.__version__.split('+')[0]}", "the checkpoint of its references, with model_ema", logits)


def timm_file(rows, timm):
    """With an averaged copy, as train.py --model-ema saves it."""
    import argparse

    import torch

    model = torch_start(timm.create_model("vgg16", pretrained=False))
    averaged = timm.utils.ModelEmaV3(model)
    logits = model(torch_input())[0].numpy()
    for tensor in model.parameters():
        tensor.mul_(0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    saver = timm.utils.CheckpointSaver(model, optimizer, args=argparse.Namespace(model="vgg16"), model_ema=averaged,
                                       checkpoint_dir=str(rows.folder), recovery_dir=str(rows.folder))
    saver.save_checkpoint(epoch=1)
    rows.add("last.pth.tar", f"timm {timm.__version__}", "CheckpointSaver, with --model-ema", logits)


def lightning_file(rows, lightning):
    import torchvision

    class Task(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = torch_start(torchvision.models.vgg16(weights=None))

    trainer = lightning.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu", enable_progress_bar=False)
    task = Task()
    trainer.strategy.connect(task)
    trainer.save_checkpoint(rows.folder / "lightning.ckpt", weights_only=True)
    rows.add("lightning.ckpt", f"Lightning {lightning.__version__}", "Trainer.save_checkpoint", task.model(torch_input())[0].numpy())


def fastai_file(rows, fastai):
    import torch
    import torchvision

    pooled = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(512, 1000))
    model = torch_start(fastai.create_vision_model(torchvision.models.vgg16, 1000, pretrained=False, custom_head=pooled))
    loader = torch.utils.data.DataLoader(torch.zeros(2, 3, SIDE, SIDE))
    learner = fastai.Learner(fastai.DataLoaders(loader, loader), model, loss_func=torch.nn.CrossEntropyLoss(), path=rows.folder, model_dir=".")
    learner.create_opt()
    learner.save("fastai")
    version = importlib.import_module("fastai").__version__
    rows.add("fastai.pth", f"fastai {version}", "Learner.save, with a head of one dense layer", model.eval()(torch_input())[0].numpy(), "linear")


def mmpretrain_file(rows, mmpretrain):
    import mmengine
    import mmpretrain.models

    model = torch_start(mmpretrain.models.ImageClassifier(backbone={"type": "VGG", "depth": 16, "num_classes": 1000}, head={"type": "ClsHead"}))
    logits = model(torch_input(), mode="tensor")[0].numpy()
    mmengine.runner.checkpoint.save_checkpoint({"meta": {"epoch": 1}, "state_dict": model.state_dict()}, str(rows.folder / "mmpretrain.pth"))
    rows.add("mmpretrain.pth", f"mmpretrain {mmpretrain.__version__}", "ImageClassifier, by mmengine's save_checkpoint", logits)


WRITERS = {"timm": timm_file, "lightning": lightning_file, "fastai.vision.all": fastai_file, "mmpretrain": mmpretrain_file}


def trainer_files(folder):
    import torch

    torch.set_grad_enabled(False)
    rows = Rows(folder, "trainers")
    for module, write in WRITERS.items():
        try:
            found = importlib.import_module(module)
        except ImportError as missing:
            print(f"left out: {missing}", flush=True)
            continue
        write(rows, found)


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
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    base.set_weights(model.get_weights()[:26])
    inside = [keras.layers.Rescaling(1 / 127.5, offset=-1), base, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1000)]
    rescaled = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *inside])
    rescaled.save(folder / f"{major}-rescaled.keras")
    rows.add(f"{major}-rescaled.keras", software, "include_top=False, with a Rescaling inside, .keras", rescaled.predict(image, verbose=0)[0], "linear")
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

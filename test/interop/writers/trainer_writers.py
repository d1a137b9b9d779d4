"""Files as libraries for training write them: python3 trainer_writers.py FOLDER [FULL_FOLDER]

The small ones are kept in test/fixtures/writers; the full-size ones are made in the interop run alone. Needs torch and
torchvision; timm, lightning, fastai and mmpretrain (with mmengine and mmcv-lite) are used where they are installed.
"""
import argparse
import copy
import importlib
import pathlib
import shutil
import sys
import tempfile
import warnings
import zipfile

import torch
from PIL import Image
from torch import nn

import formula as f
from small_torch import CFG, fill, halved, network, optional

warnings.filterwarnings("ignore")
index = f.Index(sys.argv[1], "")
vgg = network()


def samples():
    return torch.utils.data.TensorDataset(torch.zeros(2, 3, 64, 64), torch.zeros(2, dtype=torch.long))


def kept(source, name, form, **facts):
    shutil.move(source, index.add(name, form, **{"head": "vgg", **facts}))


def timm_files(timm):
    index.software = f"timm {timm.__version__}"
    vgg_py = timm.models.vgg

    def build():
        model = vgg_py.VGG(CFG, num_classes=f.CLASSES)
        model.pre_logits = vgg_py.ConvMlp(f.WIDTHS[-1], f.HIDDEN, kernel_size=2)
        model.head = timm.layers.ClassifierHead(f.HIDDEN, f.CLASSES)
        return fill(model, "vgg")

    model = halved(build())
    averaged = timm.utils.ModelEmaV3(build())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9)
    model(torch.zeros(1, 3, 64, 64)).sum().backward()
    optimizer.step()
    arguments = argparse.Namespace(model="vgg11", opt="sgd", lr=0.1)
    for name, form, options, facts in [
        ("timm-saver.pth.tar", "CheckpointSaver of train.py, with --model-ema", {"model_ema": averaged}, {"note": "the averaged one"}),
        ("timm-plain.pth.tar", "CheckpointSaver of train.py", {}, {}),
    ]:
        with tempfile.TemporaryDirectory() as folder:
            saver = timm.utils.CheckpointSaver(model if options else build(), optimizer, args=arguments, amp_scaler=timm.utils.NativeScaler(),
                                               checkpoint_dir=folder, recovery_dir=folder, **options)
            saver.save_checkpoint(epoch=3, metric=71.6)
            kept(f"{folder}/model_best.pth.tar", name, form, **facts)
    with tempfile.TemporaryDirectory() as folder:
        other = build()
        other.pretrained_cfg = {"architecture": "vgg11", "input_size": (3, 64, 64)}
        timm.models.save_for_hf(other, folder, safe_serialization=True)
        kept(f"{folder}/model.safetensors", "timm-hub.safetensors", "save_for_hf")


def lightning_files(lightning):
    index.software = f"Lightning {lightning.__version__}"

    class Task(lightning.LightningModule):
        def __init__(self, model, rate=0.1, classes=f.CLASSES):
            super().__init__()
            self.save_hyperparameters(ignore=["model"])
            self.model = model

        def training_step(self, batch, _):
            return self.model(batch[0]).square().sum() * 0

        def configure_optimizers(self):
            return torch.optim.AdamW(self.parameters(), lr=0.0, weight_decay=0.0)

    def fitted(model, callbacks=()):
        data = torch.utils.data.DataLoader(samples(), batch_size=2)
        trainer = lightning.Trainer(max_epochs=1, logger=False, enable_checkpointing=False, accelerator="cpu",
                                    enable_progress_bar=False, enable_model_summary=False, callbacks=list(callbacks))
        trainer.fit(Task(model), data)
        return trainer

    fitted(copy.deepcopy(vgg)).save_checkpoint(index.add("lightning.ckpt", "Trainer.save_checkpoint", head="vgg"))
    weights = index.add("lightning-weights.ckpt", "Trainer.save_checkpoint(weights_only=True)", head="vgg")
    fitted(copy.deepcopy(vgg)).save_checkpoint(weights, weights_only=True)
    compiled = index.add("lightning-compiled.ckpt", "a module around torch.compile", head="vgg")
    fitted(torch.compile(copy.deepcopy(vgg), backend="eager")).save_checkpoint(compiled)
    averaging = lightning.pytorch.callbacks.EMAWeightAveraging(decay=1.0)
    trainer = fitted(copy.deepcopy(vgg), [averaging])
    # Since the average was taken the weights themselves have moved on.
    halved(trainer.lightning_module.model)
    trainer.save_checkpoint(index.add("lightning-averaged.ckpt", "EMAWeightAveraging", head="vgg", note='"state_dict.model.features" is used'))


def without_folder(path, folder):
    """An export names the folder in which its library lies: it says `x` as many times instead."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content.replace(folder.encode(), b"x" * len(folder)))


def fastai_files(fastai):
    index.software = f"fastai {importlib.import_module('fastai').__version__}"
    with tempfile.TemporaryDirectory() as folder:
        names = [f"{folder}/{number}.png" for number in range(8)]
        for name in names:
            Image.new("RGB", (64, 64)).save(name)
        loaders = fastai.ImageDataLoaders.from_lists(folder, names, ["a", "b", "c", "a"] * 2, bs=2, num_workers=0, seed=0)

    def learner(head, custom=None):
        arch = lambda **_: network(head)  # noqa: E731
        model = fastai.create_vision_model(arch, f.CLASSES, pretrained=False, cut=-2, custom_head=custom)
        if custom is None:
            model[0].load_state_dict(fastai.create_body(network(head), cut=-2).state_dict())
        else:
            fill(model, head)
        found = fastai.Learner(loaders, model, loss_func=nn.CrossEntropyLoss(), path=index.folder, model_dir=".")
        found.create_opt()
        return found

    none = {"head": None, "note": "fits none of the heads"}
    learner("vgg").save("fastai")
    index.add("fastai.pth", "Learner.save of a vision_learner", **none)
    learner("vgg").save("fastai-weights", with_opt=False)
    index.add("fastai-weights.pth", "Learner.save(with_opt=False)", **none)
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(f.WIDTHS[-1], f.CLASSES))
    learner("linear", pooled).save("fastai-linear")
    index.add("fastai-linear.pth", "Learner.save, with a head of one dense layer", head="linear")
    learner("linear", pooled).export("fastai-export.pkl")
    without_folder(index.folder / "fastai-export.pkl", str(pathlib.Path(fastai.__file__).parents[2]))
    index.add("fastai-export.pkl", "Learner.export", refused="fastai.learner.Learner")


def mmpretrain_files(mmpretrain):
    index.software = f"mmpretrain {mmpretrain.__version__}"
    mmengine = importlib.import_module("mmengine")
    vgg_py = importlib.import_module("mmpretrain.models.backbones.vgg")

    class SmallVGG(vgg_py.VGG):
        """mmpretrain's own modules under its own names, with other widths."""

        def __init__(self, dense):
            super().__init__(11, num_classes=-1, norm_cfg={"type": "BN"})
            layers, inputs = [], 3
            for count, width in zip(f.COUNTS, f.WIDTHS):
                layers += vgg_py.make_vgg_layer(inputs, width, count, norm_cfg={"type": "BN"}, with_norm=True)
                inputs = width
            self.features = nn.Sequential(*layers)
            self.num_classes = f.CLASSES if dense else -1
            if dense:
                self.classifier = copy.deepcopy(network().classifier)

    def classifier(dense):
        own = {"neck": {"type": "GlobalAveragePooling"}, "head": {"type": "LinearClsHead", "num_classes": f.CLASSES, "in_channels": f.WIDTHS[-1]}}
        parts = {"head": {"type": "ClsHead"}} if dense else own
        return fill(mmpretrain.models.ImageClassifier(backbone=SmallVGG(dense), **parts), "vgg" if dense else "linear", True)

    def checkpoint(model, name, form, hooks=(), moved=False, **facts):
        with tempfile.TemporaryDirectory() as folder:
            data = {"dataset": samples(), "sampler": {"type": "DefaultSampler", "shuffle": False}, "batch_size": 1}
            runner = mmengine.runner.Runner(
                model, folder, train_dataloader=data, train_cfg={"by_epoch": True, "max_epochs": 1}, custom_hooks=list(hooks),
                optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}}, experiment_name=name, default_scope="mmpretrain", log_level="ERROR")
            for hook in runner.hooks:
                if isinstance(hook, mmengine.hooks.EMAHook):
                    hook.before_run(runner)
            runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
            runner._train_loop = runner.build_train_loop(runner._train_loop)
            runner.param_schedulers = []
            if moved:
                halved(runner.model)
            runner.save_checkpoint(folder, name)
            kept(f"{folder}/{name}", name, form, norm=True, **facts)

    checkpoint(classifier(True), "mmpretrain.pth", "Runner.save_checkpoint of an ImageClassifier")
    checkpoint(classifier(False), "mmpretrain-linear.pth", "Runner.save_checkpoint, GlobalAveragePooling and LinearClsHead", head="linear")
    averaged = {"type": "EMAHook", "ema_type": "ExponentialMovingAverage"}
    checkpoint(classifier(False), "mmpretrain-averaged.pth", "Runner.save_checkpoint with an EMAHook", [averaged], True, head="linear", note="the averaged one")


for module, write in [("timm", timm_files), ("lightning", lightning_files), ("fastai.vision.all", fastai_files), ("mmpretrain", mmpretrain_files)]:
    if found := optional(module):
        write(found)
index.write("trainers.json")
if len(sys.argv) > 2:
    import full_size
    full_size.trainer_files(pathlib.Path(sys.argv[2]))

"""Logits of narrow VGGs by torchvision and by a numpy form of Keras's graph; and the weights files
that the tests read, as PyTorch and h5py write them. Run in this folder."""
import json
import pathlib
import numpy as np
import torch
import vgg_formula as f

here = pathlib.Path(__file__).parent
fixtures = here.parent / "fixtures" / "weights"
fixtures.mkdir(exist_ok=True)
WIDTHS, DENSE, CLASSES = [4, 8, 8, 8, 8], 16, 10
torch.set_grad_enabled(False)

image = f.pixels(224)
golden = {"torchvision": {}, "larger": {}, "keras": {}}
for name in ["vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg16_bn"]:
    network = f.torch_network(name, WIDTHS, DENSE, CLASSES)
    golden["torchvision"][name] = network(f.normalised(image))[0].tolist()
    if name == "vgg16":
        # 10x10 maps, which the adaptive pooling makes 7x7.
        golden["larger"][name] = network(f.normalised(f.pixels(320)))[0].tolist()
        torch.save(network.state_dict(), fixtures / "vgg16.pth")
    if name == "vgg16_bn":
        torch.save(
            network.state_dict(), fixtures / "vgg16_bn-legacy.pth", _use_new_zipfile_serialization=False
        )
    if name in ("vgg16", "vgg19"):
        layers = f.keras_layers(network, name)
        golden["keras"][name] = f.keras_logits(layers, image).tolist()
        f.write_keras(fixtures / f"{name}-keras.h5", layers)
(here / "vgg.json").write_text(json.dumps(golden, indent=1) + "\n")

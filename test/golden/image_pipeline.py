"""Pixels of torchvision's evaluation pipeline and its colour changes: image_pipeline*.png, .json.

Run with Debian's python3-torchvision: /usr/bin/python3 test/golden/image_pipeline.py
"""
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional

here = Path(__file__).parent
images = here.parent / 'fixtures' / 'images'

for name, size, resize in [
    ('rocket.jpg', 224, 256),
    ('chelsea.png', 224, 256),
    ('rocket.jpg', 64, 73),
    ('chelsea.png', 64, 64),
]:
    image = Image.open(images / name).convert('RGB')
    pipeline = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(size)])
    golden = here / f'image_pipeline_{name.split(".")[0]}_{size}_{resize}.png'
    # Without the picture's profile, or a reader would convert the golden's colours.
    pipeline(image).save(golden, optimize=True, icc_profile=None)

patch = np.asarray(Image.open(images / 'chelsea.png').convert('RGB').resize((12, 8), Image.BILINEAR))
tensor = torch.from_numpy(patch.copy()).permute(2, 0, 1)
changes = {
    'brightness': lambda x, f: functional.adjust_brightness(x, f),
    'contrast': lambda x, f: functional.adjust_contrast(x, f),
    'saturation': lambda x, f: functional.adjust_saturation(x, f),
    'hue': lambda x, f: functional.adjust_hue(x, f),
}
cases = []
for kind, factors in {
    'brightness': [0.6, 1.7],
    'contrast': [0.4, 1.6],
    'saturation': [0.0, 1.8],
    'hue': [-0.3, 0.1, 0.5],
}.items():
    for factor in factors:
        # In floating point, so that no rounding of torchvision's stands between the definitions.
        out = changes[kind](tensor.double() / 255, factor) * 255
        cases.append({
            'kind': kind,
            'factor': factor,
            'pixels': [round(v, 3) for v in out.permute(1, 2, 0).flatten().tolist()],
        })
square = tensor[:, :, :8].double()
for angle in [30, -75, 90]:
    # torchvision turns counter-clockwise.
    turned = functional.rotate(square, -angle, transforms.InterpolationMode.BILINEAR, fill=[255, 255, 255])
    cases.append({'kind': 'rotate', 'factor': angle, 'pixels': [round(v, 3) for v in turned.permute(1, 2, 0).flatten().tolist()]})
(here / 'image_pipeline.json').write_text(
    json.dumps({'pixels': patch.flatten().tolist(), 'cases': cases}) + '\n')
